import { ref, writeDocument, type JsonSchema, type OpenApiDocument } from '@nightjar/openapi';
import type { Task } from '../../tasks/task.js';
import { adapterIdentity } from '../adapter-identity.js';
import type { RootSurface } from '../surface.js';
import { surfaceDocs } from './route-docs.js';
import { inputSchema, replySchema, schemaNameOf } from './task-schemas.js';

const description = [
  'A small inference server for cameras: tasks (objects, persons, faces, text, plates, scenes, motion) on pictures, on a processor or a GPU.',
  'Three surfaces on one port: **Tasks** (flat JSON, pixels), **Adapter Contract v1** (normalised boxes, strict envelopes, streams) and the **Open Inference Protocol v2** (tensors).',
  'Where the adapter asks for credentials, `X-API-Key` and `Authorization: Bearer` are each as good as the other on every surface.',
].join('\n\n');

const statusTexts: Readonly<Record<number, string>> = {
  400: 'The request makes no sense, which the answer explains',
  401: 'A credential is missing or wrong, where the adapter asks for one',
  403: 'The caller may not do this',
  404: 'What was named is not there',
  409: 'The registry is full',
  413: 'The body is too large',
  415: 'The body is of a type that is not taken',
  422: 'The picture is well formed and cannot be used, e.g. there is no face on it',
  426: 'This is a WebSocket',
  500: 'The model failed on this picture',
  501: 'This adapter cannot do that',
  503: 'Too busy, or not ready: `Retry-After` says when to come back',
  504: 'The model did not answer in time',
};

/** Writes the document of what the adapter does: `tasks` are all that there are, `available` those that can be asked for now. */
export function adapterDocument(options: { tasks: readonly Task[]; available: ReadonlySet<string>; root: RootSurface }): OpenApiDocument {
  const { tasks, available, root } = options;
  return writeDocument({
    info: {
      title: 'Nightjar adapter',
      version: adapterIdentity.version,
      description: `${description}\n\n${describeTasks(tasks, available)}`,
      license: { name: adapterIdentity.license, identifier: adapterIdentity.license },
    },
    surfaces: surfaceDocs(tasks, root),
    schemas: Object.fromEntries(tasks.flatMap((task) => taskSchemas(task))),
    securitySchemes: {
      apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      bearer: { type: 'http', scheme: 'bearer' },
    },
    statusTexts,
  });
}

function describeTasks(tasks: readonly Task[], available: ReadonlySet<string>): string {
  const lines = tasks.map(({ name, description: text, needs }) => {
    const missing = available.has(name) ? '' : ` *Not on offer now: it needs a model of kind ${needs.join(', ')}.*`;
    return `- \`${name}\`: ${text}${/[.?!]$/.test(text) ? '' : '.'}${missing}`;
  });
  return `## Tasks\n\n${lines.join('\n')}`;
}

function taskSchemas(task: Task): [string, JsonSchema][] {
  const { name, description: text } = task;
  const prefix = schemaNameOf(name);
  const given = ref(`${prefix}Input`);
  const request = {
    type: 'object',
    description: text,
    required: ['task'],
    properties: { task: { const: name }, data: given, input: given },
    anyOf: [{ required: ['data'] }, { required: ['input'] }],
  };
  return [
    [`${prefix}Input`, inputSchema(task)],
    [`${prefix}Request`, request],
    [`${prefix}Reply`, replySchema(task)],
  ];
}
