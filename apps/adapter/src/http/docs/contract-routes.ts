import { type JsonSchema, object, type RouteDoc, schemaOfInput, schemaOfOutput, type SurfaceDoc } from '@nightjar/openapi';
import type { Task } from '../../tasks/task.js';
import {
  CapabilitiesResponse,
  FailureEnvelope,
  Handshake,
  HardwareEvaluation,
  HealthResponse,
  InferResponse,
  ServerMessage,
} from '../contract/contract-messages.js';
import { FaceRegistration } from '../legacy/face-request.js';

const text: JsonSchema = { type: 'string' };

/** OpenNVR's AI Adapter Contract v1. */
export function contractRoutes(tasks: readonly Task[]): Omit<SurfaceDoc, 'bases'> {
  return {
    tag: 'Adapter Contract v1',
    description:
      "OpenNVR's AI Adapter Contract v1: boxes normalised to 0..1, strict envelopes, typed failures. Always under `/contract`, and at the root with `ADAPTER_ROOT_SURFACE=contract`. Every answer carries `X-Correlation-Id`.",
    error: { name: 'FailureEnvelope', schema: schemaOfOutput(FailureEnvelope) },
    routes: [...describingRoutes, inferRoute(tasks), streamRoute(tasks), streamByPost, ...faceRoutes()],
  };
}

const describingRoutes: readonly RouteDoc[] = [
  {
    method: 'GET',
    path: '/health',
    summary: 'Whether the adapter works',
    isPublic: true,
    replies: { 200: { description: 'Its condition', schema: schemaOfOutput(HealthResponse) } },
  },
  {
    method: 'GET',
    path: '/capabilities',
    summary: 'What an aggregator registers',
    description: 'Open to everybody for the first five minutes after the start.',
    replies: { 200: { description: 'The capabilities', schema: schemaOfOutput(CapabilitiesResponse) } },
    errors: [503],
  },
  {
    method: 'GET',
    path: '/hardware/evaluation',
    summary: 'Whether this machine is good enough',
    description: 'Open to everybody for the first five minutes after the start.',
    replies: { 200: { description: 'The verdict', schema: schemaOfOutput(HardwareEvaluation) } },
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    replies: { 200: { description: 'Text format 0.0.4', contentType: 'text/plain', schema: { type: 'string' } } },
  },
];

/** What stands beside the picture: the task and its options. */
function params(tasks: readonly Task[]): Record<string, JsonSchema> {
  return {
    task: { enum: tasks.map(({ name }) => name), description: 'Default: object_detection' },
    camera_id: { anyOf: [{ type: 'string' }, { type: 'integer' }], description: 'Whose pictures follow each other' },
  };
}

function inferRoute(tasks: readonly Task[]): RouteDoc {
  return {
    method: 'POST',
    path: '/infer',
    summary: 'Run a task on a picture',
    description:
      'Without `task` objects are detected. Options of the task stand beside it: in `params` of a multipart body, flat in JSON. A multipart body with a text field `task`, or JSON with `task` and `data` or `input`, is answered as on the tasks surface.',
    body: {
      'multipart/form-data': {
        schema: {
          type: 'object',
          required: ['frame'],
          properties: {
            frame: { type: 'string', format: 'binary' },
            params: { type: 'object', properties: params(tasks), additionalProperties: true },
          },
        },
      },
      'application/json': {
        schema: {
          type: 'object',
          required: ['frame_b64'],
          properties: { frame_b64: { type: 'string', contentEncoding: 'base64' }, ...params(tasks) },
          additionalProperties: true,
        },
        examples: {
          'one black pixel': {
            frame_b64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12NgYGAAAAAEAAEnNCcKAAAAAElFTkSuQmCC',
            task: 'object_detection',
            camera_id: 'cam1',
          },
        },
      },
    },
    replies: {
      200: {
        description: 'What the task found',
        headers: { 'X-Model-Fingerprint': 'Fingerprint of the weights that answered' },
        schema: schemaOfOutput(InferResponse),
      },
    },
    errors: [400, 404, 413, 415, 422, 500, 501, 503, 504],
  };
}

function streamRoute(tasks: readonly Task[]): RouteDoc {
  return {
    method: 'GET',
    path: '/infer/stream',
    summary: 'WebSocket: pictures in, results out',
    description: [
      'The client says `handshake`, the adapter `handshake_ack`. Then for each picture the client sends `{"type": "frame", "seq", "ts_ms", "content_type"}` followed by one binary message, and gets `result` with the same `seq`. `pause`, `resume`, `stats` and `close` as in the contract.',
      `Handshake: \`${JSON.stringify(schemaOfInput(Handshake).required)}\` are needed.`,
    ].join('\n\n'),
    parameters: [{ name: 'task', in: 'query', description: 'Default: object_detection', schema: { enum: tasks.map(({ name }) => name) } }],
    replies: { 101: { description: 'WebSocket; the adapter’s messages follow this schema', schema: schemaOfOutput(ServerMessage) } },
    errors: [400, 403, 426, 503],
  };
}

function faceRoutes(): RouteDoc[] {
  const summary = { person_id: text, name: text, category: text };
  const personId = { name: 'person_id', in: 'path', description: 'As it was registered', required: true } as const;
  const face = object({ ...summary, model_name: text, model_fingerprint: text, created_at: text, updated_at: text });
  const form = schemaOfInput(FaceRegistration);
  return [
    {
      method: 'POST',
      path: '/faces/register',
      summary: 'Register the face of a person by a picture with a single face',
      description: '`metadata` is JSON in a text field. Only a vector is kept, never the picture.',
      body: {
        'multipart/form-data': {
          schema: {
            ...form,
            required: [...(form.required ?? []), 'frame'],
            properties: { ...form.properties, frame: { type: 'string', format: 'binary' } },
          },
        },
      },
      replies: {
        200: { description: 'Registered', schema: object({ ok: { const: true }, face, face_bbox: { type: 'array' } }) },
      },
      errors: [400, 409, 413, 415, 422, 503, 504],
    },
    {
      method: 'GET',
      path: '/faces',
      summary: 'Registered persons in the order of their ids',
      parameters: [{ name: 'category', in: 'query', description: 'Only these; upper and lower case are the same' }],
      replies: {
        200: {
          description: 'The persons; embeddings never come out',
          schema: object({ faces: { type: 'array', items: object(summary) }, count: { type: 'integer', minimum: 0 } }),
        },
      },
      errors: [400, 503],
    },
    {
      method: 'GET',
      path: '/faces/{person_id}',
      summary: 'One registered person',
      parameters: [personId],
      replies: { 200: { description: 'The person', schema: object({ face }) } },
      errors: [404, 503],
    },
    {
      method: 'DELETE',
      path: '/faces/{person_id}',
      summary: 'Forget a person',
      parameters: [personId],
      replies: { 200: { description: 'Forgotten', schema: object({ ok: { const: true }, person_id: text, message: text }) } },
      errors: [404, 503],
    },
  ];
}

const streamByPost: RouteDoc = {
  method: 'POST',
  path: '/infer/stream',
  summary: 'Says that this is a WebSocket',
  replies: { 426: { description: 'Send an upgrade request', schema: schemaOfOutput(FailureEnvelope) } },
};
