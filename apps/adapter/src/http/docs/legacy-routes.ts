import { type ContentDoc, object, ref, type RouteDoc, schemaOfInput, type SurfaceDoc } from '@nightjar/openapi';
import { FrameReference } from '../../intake/frame-reference.js';
import { z } from 'zod';
import type { Task } from '../../tasks/task.js';
import { FaceRegistration } from '../legacy/face-request.js';
import { SessionFields } from '../legacy/infer-request.js';
import { pipelineStepsMax } from '../legacy/pipeline-request.js';
import { schemaNameOf } from './task-schemas.js';

const frameUri = 'opennvr://frames/camera_0/latest.jpg';
const fingerprintHeader = { 'X-Model-Fingerprint': 'Fingerprint of the weights that answered' };

/** `/infer` with `task`, pipelines, faces and what there is to know of the adapter. */
export function legacyRoutes(tasks: readonly Task[]): Omit<SurfaceDoc, 'bases'> {
  return {
    tag: 'Tasks',
    description: 'Flat JSON answers in pixels. At the root unless `ADAPTER_ROOT_SURFACE=contract`, and always under `/legacy`.',
    error: { name: 'Error', schema: object({ detail: { type: 'string' } }) },
    routes: [inferRoute(tasks), pipelineRoute(tasks), ...statusRoutes(), ...faceRoutes()],
  };
}

/** A request body for a task: what the document shows, and what its spec sends. */
function exampleRequest({ name, pictureFields, example }: Task): { task: string; data: Record<string, unknown> } {
  const pictures = Object.fromEntries(pictureFields.map((field) => [field, { uri: frameUri }]));
  return { task: name, data: { ...pictures, ...example.input } };
}

/** The flat reply to it. */
function exampleReply({ name, needs, bboxFormat, example }: Task): Record<string, unknown> {
  const model = { model_name: 'nanodet', model_version: '3.0.4', model_fingerprint: `sha256:${'0'.repeat(64)}` };
  return {
    task: name,
    ...example.body,
    latency_ms: 45,
    bbox_format: bboxFormat,
    ...(needs[0] === 'detector' && model),
    executed_at: 1_767_225_600_000,
  };
}

function inferRoute(tasks: readonly Task[]): RouteDoc {
  return {
    method: 'POST',
    path: '/infer',
    summary: 'Run a task on a picture',
    description: [
      'JSON: `task` with `data` (or `input`, which wins). A picture is `{"uri": "opennvr://…"}` or `{"base64": "…"}`: JPEG, PNG or WebP, at most 32 MiB.',
      'Multipart: a text field `task`, options as text fields, the picture as a file of any name.',
      'Pictures of one camera follow each other when the URI, `camera_id` or `session` says which: tracks and motion go on from call to call.',
      'A body with a `*_b64` field, or multipart without `task`, is a request of Contract v1 and is answered as such.',
    ].join('\n\n'),
    body: { 'application/json': jsonRequests(tasks), 'multipart/form-data': multipartRequest(tasks) },
    replies: {
      200: {
        description: 'What the task found',
        headers: fingerprintHeader,
        schema: { oneOf: tasks.map(({ name }) => ref(`${schemaNameOf(name)}Reply`)) },
        examples: Object.fromEntries(tasks.map((task) => [task.name, exampleReply(task)])),
      },
    },
    errors: [400, 403, 404, 413, 415, 422, 500, 503, 504],
  };
}

function jsonRequests(tasks: readonly Task[]): ContentDoc {
  const mapping = Object.fromEntries(tasks.map(({ name }) => [name, `#/components/schemas/${schemaNameOf(name)}Request`]));
  return {
    schema: {
      oneOf: tasks.map(({ name }) => ref(`${schemaNameOf(name)}Request`)),
      discriminator: { propertyName: 'task', mapping },
    },
    examples: Object.fromEntries(tasks.map((task) => [task.name, exampleRequest(task)])),
  };
}

function multipartRequest(tasks: readonly Task[]): ContentDoc {
  const { properties: session } = schemaOfInput(SessionFields);
  return {
    schema: {
      type: 'object',
      required: ['task', 'file'],
      properties: { task: { enum: tasks.map(({ name }) => name) }, file: { type: 'string', format: 'binary' }, ...session },
      additionalProperties: true,
    },
  };
}

function pipelineRoute(tasks: readonly Task[]): RouteDoc {
  const names = { enum: tasks.map(({ name }) => name) };
  const results = { type: 'object', properties: Object.fromEntries(tasks.map(({ name }) => [name, ref(`${schemaNameOf(name)}Reply`)])) };
  const times = { decodes: { type: 'integer', minimum: 0 }, latency_ms: { type: 'integer', minimum: 0 } };
  return {
    method: 'POST',
    path: '/pipeline/run',
    summary: 'Run several tasks on the same picture, which is fetched and decoded once',
    description: [
      'Every step gets the same `data`, and takes from it what it knows; a step that needs boxes which an earlier one found does not look for them again, and a task of the tasks folder has what earlier steps found in `previous`.',
      'A step that fails ends the pipeline: the status is 200, `status` is `error`, and `partial_results` has what was done before. What is wrong with the request as a whole (an unknown step, no frame) is answered before any work, as an error.',
      'A step that is named twice runs twice and has one result.',
    ].join('\n\n'),
    body: {
      'application/json': {
        schema: object({ steps: { type: 'array', items: names, minItems: 1, maxItems: pipelineStepsMax }, data: { type: 'object' } }),
        examples: {
          'person_detection, scene_description': {
            steps: ['person_detection', 'scene_description'],
            data: { frame: { uri: frameUri } },
          },
          'face_detection, face_recognition': { steps: ['face_detection', 'face_recognition'], data: { frame: { uri: frameUri } } },
        },
      },
    },
    replies: {
      200: {
        description: 'All results, or those of the steps before the one that failed',
        headers: { ...fingerprintHeader, 'X-Frame-Decodes': 'How often a picture was decoded' },
        schema: {
          oneOf: [
            object({ status: { const: 'success' }, results, ...times }),
            object({ status: { const: 'error' }, failed_at: names, error: { type: 'string' }, partial_results: results, ...times }),
          ],
        },
      },
    },
    errors: [400, 403, 404, 413, 415, 503, 504],
  };
}

function statusRoutes(): RouteDoc[] {
  const texts = { type: 'array', items: { type: 'string' } };
  const count = { type: 'integer', minimum: 0 };
  const rows = { type: 'array', items: { type: 'object' } };
  return [
    {
      method: 'GET',
      path: '/health',
      summary: 'Hardware, loaded models, and each model with what is wrong with it',
      isPublic: true,
      replies: {
        200: {
          description: 'Never waits for a model; tells no path, host or user name',
          schema: object({
            status: { enum: ['healthy', 'degraded', 'starting'] },
            active_adapters: count,
            system_hardware: object({ cpu: { type: 'object' }, ram_gb: { type: 'object' }, gpu: rows }),
            models_loaded: rows,
            adapter_details: { type: 'object', additionalProperties: { type: 'object' } },
            user_tasks: rows,
            missing_models: texts,
            missing_providers: rows,
            face_registry: { type: 'object' },
            engine: { type: 'object' },
          }),
        },
      },
    },
    {
      method: 'GET',
      path: '/capabilities',
      summary: 'Names of the tasks on offer: those whose models are present and verified',
      isPublic: true,
      replies: { 200: { description: 'The tasks', schema: object({ tasks: texts }) } },
    },
    {
      method: 'GET',
      path: '/adapters',
      summary: 'Models: names of those that can be used, details of all, and which tasks of the tasks folder can’t be offered',
      replies: { 200: { description: 'The models', schema: object({ adapters: texts, count, details: rows, task_problems: rows }) } },
    },
    {
      method: 'GET',
      path: '/tasks',
      summary: 'Tasks with the model that does each when the caller names none',
      replies: { 200: { description: 'The tasks', schema: object({ tasks: rows, count }) } },
    },
    {
      method: 'GET',
      path: '/schema',
      summary: 'JSON Schema of what tasks take',
      parameters: [{ name: 'task', in: 'query', description: 'Only of this task' }],
      replies: {
        200: {
          description: 'Of one task, or of all by name',
          schema: { anyOf: [object({ task: { type: 'string' }, schema: { type: 'object' } }), object({ schemas: { type: 'object' } })] },
        },
      },
      errors: [404],
    },
  ];
}

function faceRoutes(): RouteDoc[] {
  const person = { person_id: { type: 'string' }, name: { type: 'string' }, category: { type: 'string' } };
  const outcome = { success: { type: 'boolean' }, ok: { type: 'boolean' }, person_id: { type: 'string' }, message: { type: 'string' } };
  const count = { type: 'integer', minimum: 0 };
  const personId = { name: 'person_id', in: 'path', description: 'As it was registered', required: true } as const;
  return [
    {
      method: 'POST',
      path: '/faces/register',
      summary: 'Register a person by the largest face of a picture',
      description: 'Under an id that is known the face is replaced. Only a vector is kept, never the picture.',
      body: {
        'application/json': {
          schema: {
            allOf: [schemaOfInput(FaceRegistration), schemaOfInput(z.object({ frame: FrameReference }))],
          },
          examples: {
            employee: {
              person_id: 'emp-17',
              name: 'Ada Example',
              category: 'employee',
              metadata: { badge: 17 },
              frame: { uri: frameUri },
            },
          },
        },
      },
      replies: {
        200: { description: 'Registered; or `success: false` when there is no face on the picture', schema: object(outcome) },
      },
      errors: [400, 403, 404, 409, 413, 415, 503, 504],
    },
    {
      method: 'GET',
      path: '/faces/list',
      summary: 'Registered persons in the order of their ids',
      parameters: [{ name: 'category', in: 'query', description: 'Only these; upper and lower case are the same' }],
      replies: {
        200: {
          description: 'The persons; embeddings never come out',
          schema: object({ faces: { type: 'array', items: object(person) }, count, total_count: count }),
        },
      },
      errors: [400, 503],
    },
    {
      method: 'GET',
      path: '/faces/{person_id}',
      summary: 'One registered person',
      parameters: [personId],
      replies: { 200: { description: 'The person', schema: object({ face: object(person) }) } },
      errors: [404, 503],
    },
    {
      method: 'DELETE',
      path: '/faces/{person_id}',
      summary: 'Forget a person',
      parameters: [personId],
      replies: { 200: { description: 'Forgotten', schema: object(outcome) } },
      errors: [404, 503],
    },
  ];
}
