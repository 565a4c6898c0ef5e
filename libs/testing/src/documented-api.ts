import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface DocumentedContent {
  schema?: object;
  examples?: Record<string, { value: unknown }>;
}

interface DocumentedOperation {
  operationId: string;
  summary: string;
  tags: string[];
  security: object[];
  parameters?: { name: string; in: string; description: string }[];
  requestBody?: { content: Record<string, DocumentedContent> };
  responses: Record<string, { content?: Record<string, DocumentedContent> }>;
}

/** An OpenAPI document as it comes over the wire. */
export interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: { schemas: Record<string, object> };
}

/** What stands beside `servers` and the like. */
const methods: ReadonlySet<string> = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options']);

/** Holds an API document against itself and against what a server answers. */
export class DocumentedApi {
  private readonly ajv: Ajv2020;

  constructor(readonly document: ApiDocument) {
    // "discriminator" and the format "binary" are OpenAPI's own.
    this.ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema({ $id: 'document', components: document.components });
  }

  get operations(): { path: string; method: string; operation: DocumentedOperation }[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, operation]) => (methods.has(method) ? [{ path, method, operation }] : [])),
    );
  }

  /** A validator of a schema of the document. @throws when it is no schema, or refers to what is not there */
  validator(schema: object): ValidateFunction {
    return this.ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')) as object);
  }

  /** How many different schemas there are. @throws when one of them is none, or refers to what is not there */
  checkSchemas(): number {
    const contents = this.operations.flatMap(({ operation: { requestBody, responses } }) =>
      [requestBody?.content ?? {}, ...Object.values(responses).map(({ content = {} }) => content)].flatMap((some) => Object.values(some)),
    );
    const texts = contents.flatMap(({ schema }) => (schema ? [JSON.stringify(schema)] : []));
    const schemas = new Set([...texts, ...Object.values(this.document.components.schemas).map((schema) => JSON.stringify(schema))]);
    for (const schema of schemas) this.validator(JSON.parse(schema) as object);
    return schemas.size;
  }

  /** The first example of a body. @throws when there is none */
  exampleOf(method: string, path: string): unknown {
    const [example] = Object.values(this.find(method, path).requestBody?.content['application/json']?.examples ?? {});
    if (!example) throw new Error(`${method} ${path} has no example`);
    return example.value;
  }

  /**
   * Reads an answer; `{}` where the document has no JSON for its status.
   * @throws when the status is not in the document, or the body does not fit
   */
  async read(method: string, path: string, response: Response): Promise<Record<string, unknown>> {
    const text = await response.text();
    const what = `${method} ${path} ${response.status}`;
    const described = this.find(method, path).responses[response.status];
    if (!described) throw new Error(`${what} is not in the document: ${text.slice(0, 500)}`);
    const [[contentType, { schema }] = ['', {} as DocumentedContent]] = Object.entries(described.content ?? {});
    if (!schema || !contentType.endsWith('json')) return {};
    const given = response.headers.get('content-type') ?? 'none';
    if (!given.includes(contentType)) throw new Error(`${what} is ${given}, not ${contentType}`);
    const body = JSON.parse(text) as Record<string, unknown>;
    const validate = this.validator(schema);
    if (!validate(body)) throw new Error(`${what} does not fit: ${JSON.stringify(validate.errors)} in ${text.slice(0, 500)}`);
    return body;
  }

  private find(method: string, path: string): DocumentedOperation {
    const operation = this.document.paths[path]?.[method.toLowerCase()];
    if (!operation) throw new Error(`${method} ${path} is not in the document`);
    return operation;
  }
}
