import { ref, type JsonSchema } from './json-schema.js';
import type { ContentDoc, ParameterDoc, RouteDoc, SurfaceDoc } from './route-doc.js';

/** An OpenAPI 3.1 document, as far as its readers here look into it. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>>; readonly securitySchemes: object };
  readonly [field: string]: unknown;
}

type PathItem = Readonly<Record<string, unknown>>;

interface DocumentOptions {
  readonly info: { readonly title: string; readonly version: string; readonly description: string; readonly license: object };
  readonly surfaces: readonly SurfaceDoc[];
  /** By the names that `ref` uses; those of the surfaces' errors are added. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  readonly securitySchemes: Readonly<Record<string, object>>;
  /** What the statuses of errors mean here. */
  readonly statusTexts: Readonly<Record<number, string>>;
}

/** Writes the document of what stands at some routes. Each security scheme is as good as another. */
export function writeDocument({ info, surfaces, schemas, securitySchemes, statusTexts }: DocumentOptions): OpenApiDocument {
  const security = Object.keys(securitySchemes).map((name) => ({ [name]: [] }));
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/' }],
    tags: surfaces.map(({ tag: name, description }) => ({ name, description })),
    paths: pathsOf(surfaces, { security, statusTexts }),
    components: {
      schemas: { ...schemas, ...Object.fromEntries(surfaces.map(({ error }) => [error.name, error.schema])) },
      securitySchemes,
    },
  };
}

interface OperationFrame {
  readonly security: readonly object[];
  readonly statusTexts: Readonly<Record<number, string>>;
}

function pathsOf(surfaces: readonly SurfaceDoc[], frame: OperationFrame): Record<string, PathItem> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const surface of surfaces) {
    const [base = '', ...others] = surface.bases;
    for (const route of surface.routes) {
      const item = (paths[base + route.path] ??= {});
      item[route.method.toLowerCase()] = operationOf(route, surface, frame);
      if (others.length > 0) item.servers = ['/', ...others].map((url) => ({ url }));
    }
  }
  return paths;
}

function operationOf(route: RouteDoc, { tag, error }: SurfaceDoc, { security, statusTexts }: OperationFrame): object {
  const { method, path, summary, description: text, isPublic, messages, parameters, body, replies, errors = [] } = route;
  const failures = [...(isPublic ? [] : [401]), ...errors].filter((status) => !Object.hasOwn(replies, status));
  return {
    operationId: route.operationId ?? `${tag} ${method} ${path || '/'}`.toLowerCase().replace(/[^a-z0-9]+/g, '_'),
    tags: [tag],
    summary,
    ...(text !== undefined && { description: text }),
    security: isPublic ? [] : security,
    ...(parameters && { parameters: parameters.map(describeParameter) }),
    ...(body && { requestBody: { required: true, content: mapValues(body, describeContent) } }),
    responses: {
      ...mapValues(replies, ({ description: meaning, contentType = 'application/json', headers, ...content }) => ({
        description: meaning,
        ...(headers && {
          headers: mapValues(headers, (meaningOfHeader) => ({ description: meaningOfHeader, schema: { type: 'string' } })),
        }),
        ...(content.schema && { content: { [contentType]: describeContent(content) } }),
      })),
      ...Object.fromEntries(
        failures.map((status) => [
          status,
          {
            description: statusTexts[status] ?? 'An error',
            content: { [error.contentType ?? 'application/json']: { schema: ref(error.name) } },
          },
        ]),
      ),
    },
    ...(messages && { callbacks: mapValues(messages, describeMessage) }),
  };
}

/** As what the other side would be sent; there is no better word for messages of a WebSocket in OpenAPI. */
function describeMessage({ schema, summary }: { summary: string; schema: JsonSchema }): object {
  const responses = { 200: { description: 'Nothing is answered' } };
  return { '{$request.path}': { post: { summary, requestBody: { content: { 'application/json': { schema } } }, responses } } };
}

function describeParameter({ schema = { type: 'string' }, ...rest }: ParameterDoc): object {
  return { ...rest, schema };
}

function describeContent({ schema, examples }: ContentDoc): object {
  return { ...(schema && { schema }), ...(examples && { examples: mapValues(examples, (value) => ({ value })) }) };
}

function mapValues<Value, Result>(values: Readonly<Record<string, Value>>, change: (value: Value) => Result): Record<string, Result> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
