import { DecodeReport } from '@nightjar/contracts';
import {
  object,
  ref,
  schemaOfOutput,
  writeDocument,
  type JsonSchema,
  type OpenApiDocument,
  type ParameterDoc,
  type RouteDoc,
} from '@nightjar/openapi';

const text: JsonSchema = { type: 'string' };
const number: JsonSchema = { type: 'number' };
const integer: JsonSchema = { type: 'integer' };

const requestId: ParameterDoc = {
  name: 'Luna-Request-Id',
  in: 'header',
  description: 'Comes back with the answer; one of the form `<Unix seconds>,<uuid>` is made when it is absent',
};

const streamMessage: JsonSchema = object({
  stream_status: { enum: ['pending', 'in_progress', 'done', 'restart', 'failure', 'stop'] },
  error: { anyOf: [text, { type: 'null' }] },
  analytics_results: { type: 'object', description: 'By the name of the analytics; empty when there is nothing to tell' },
});

const json = (schema: JsonSchema, description: string) => ({ 200: { description, schema } });

const routes: readonly RouteDoc[] = [
  {
    method: 'GET',
    path: '/version',
    operationId: 'getVersion',
    summary: 'Level of this API; the build stands in the header X-Nightjar-Version',
    isPublic: true,
    replies: json(object({ Version: object({ api: integer, major: integer, minor: integer, patch: integer }) }), 'The version'),
  },
  {
    method: 'GET',
    path: '/1/ws',
    operationId: 'wsHandshake',
    summary: 'WebSocket: realtime results of one stream, a text message for each analysed frame',
    description: 'The server pings every 20 s and drops a client that does not answer. What a client sends is ignored.',
    parameters: [
      {
        name: 'stream_id',
        in: 'query',
        description: 'The stream to listen to',
        required: true,
        schema: { type: 'string', format: 'uuid' },
      },
      { name: 'account_id', in: 'query', description: 'Owner of the stream' },
      {
        name: 'ticket',
        in: 'query',
        description:
          'In the place of the Bearer header of an admin: from the manager, POST /1/streams/{stream_id}/ticket; for one stream, once',
        schema: text,
      },
    ],
    replies: { 101: { description: 'WebSocket; its messages stand under callbacks' } },
    messages: { streamMessage: { summary: 'What was found on a frame, or what became of the stream', schema: ref('StreamMessage') } },
    errors: [400, 403, 404],
  },
  {
    method: 'GET',
    path: '/docs/spec',
    operationId: 'getOpenapiDocumentation',
    summary: 'This document: YAML, or a page to read it, by Accept',
    isPublic: true,
    replies: { 200: { description: 'The document', contentType: 'application/x-yaml', schema: text } },
    errors: [400],
  },
  {
    method: 'GET',
    path: '/docs/dev',
    operationId: 'getDevelopmentManual',
    summary: 'The development manual',
    isPublic: true,
    replies: { 302: { description: 'To /docs/dev/index.html' } },
  },
  {
    method: 'GET',
    path: '/docs/errors',
    operationId: 'getErrorCodes',
    summary: 'What each error code means: where the link of an error leads',
    isPublic: true,
    replies: { 200: { description: 'A page', contentType: 'text/html', schema: text } },
  },
  {
    method: 'GET',
    path: '/config',
    operationId: 'getConfig',
    summary: 'Current settings, secrets masked: JSON or text, by Accept',
    replies: json({ type: 'object', additionalProperties: { type: 'object' } }, 'Settings by section'),
    errors: [400],
  },
  {
    method: 'GET',
    path: '/plugins',
    operationId: 'getPlugins',
    summary: 'Plugins that were found, and which of them run',
    replies: json(
      object({
        plugins: {
          type: 'array',
          items: object({
            name: text,
            type: { enum: ['event', 'background', null] },
            enabled: { type: 'boolean' },
            version: { anyOf: [text, { type: 'null' }] },
            error: { anyOf: [text, { type: 'null' }], description: 'Why it does not run though it should' },
            dropped: { ...integer, description: 'Monitoring points it was too slow for' },
          }),
        },
      }),
      'The plugins',
    ),
  },
  {
    method: 'GET',
    path: '/decoding',
    operationId: 'getDecoding',
    summary: "How much of each live stream is decoded, of which of its camera's streams, and why",
    replies: json(object({ streams: { type: 'array', items: schemaOfOutput(DecodeReport) } }), 'Of all live streams of this agent'),
  },
  {
    method: 'GET',
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'Numbers of each stream and of the agent, for Prometheus',
    replies: { 200: { description: 'Text format 0.0.4', contentType: 'text/plain', schema: text } },
  },
  {
    method: 'GET',
    path: '/healthcheck',
    operationId: 'getHealth',
    summary: 'Whether the agent is well',
    isPublic: true,
    parameters: [
      {
        name: 'include_luna_services',
        in: 'query',
        description: '1: also whether the manager answers',
        schema: { type: 'integer', enum: [0, 1], default: 0 },
      },
    ],
    replies: {
      ...json(object({ execution_time: { ...number, description: 'Seconds' } }), 'All is well'),
      502: {
        description: 'Something is not',
        schema: object({
          error_code: integer,
          desc: text,
          detail: text,
          link: text,
          execution_time: number,
          components: { type: 'array', items: object({ component: text, status: integer, error: { type: ['object', 'null'] } }) },
        }),
      },
    },
    errors: [400],
  },
];

/** What a client of the agent reads of it. */
export function agentDocument(build: string): OpenApiDocument {
  return writeDocument({
    info: {
      title: 'Luna Video Agent API (Nightjar)',
      version: '0.3.1',
      description: `Live stream analytics, in the words of the Luna Video Agent 0.3.1. This is Nightjar ${build}.`,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    surfaces: [
      {
        tag: 'agent',
        description: 'Every answer carries `Luna-Request-Id`.',
        bases: [''],
        error: { name: 'LunaError', schema: object({ error_code: integer, desc: text, detail: text, link: text }) },
        routes: routes.map((route) => ({ ...route, parameters: [requestId, ...(route.parameters ?? [])] })),
      },
    ],
    schemas: { StreamMessage: streamMessage },
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    statusTexts: {
      400: 'The request makes no sense, which the answer explains',
      401: 'A token is missing or wrong, where the agent asks for one',
      403: 'A page of another site may not listen here',
      404: 'This agent does not process that stream',
    },
  });
}
