import {
  described,
  integer,
  type JsonSchema,
  number,
  object,
  orNull,
  type ParameterDoc,
  partial,
  pathParameter,
  ref,
  type ReplyDoc,
  type RouteDoc,
  type SurfaceDoc,
  text,
} from '@nightjar/openapi';
import type { OperationPaths } from '../http/operation-paths.js';
import { mediaType } from './schemas.js';

const maxProcessingTime: ParameterDoc = {
  name: 'Max-Processing-Time',
  in: 'header',
  description: 'Seconds that processing may take; over it the job fails with `processing_time_exceeded`. 0: no bound',
  schema: { type: 'integer', minimum: 0 },
};
const idempotencyKey: ParameterDoc = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'The same key with the same body names the same job for 24 hours; with another body it is refused with 422',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};
const webhookHeaders: readonly ParameterDoc[] = [
  { name: 'X-Webhook-Url', in: 'header', description: 'Webhook of a body that is the video itself' },
  { name: 'X-Webhook-Secret', in: 'header', description: 'Its secret' },
];

const submitted: Readonly<Record<number, ReplyDoc>> = {
  202: {
    description: 'The job is stored; poll its result at `Location`',
    headers: {
      Location: 'Where the result is polled',
      'Idempotency-Replayed': '`true`: this job was made by an earlier request with the same Idempotency-Key',
    },
    schema: ref('JobAccepted'),
  },
};
const submitErrors = [400, 403, 409, 413, 415, 422, 429, 503];

const image: JsonSchema = partial(
  { data_base64: described(text, 'The picture (JPEG, PNG, WebP, GIF) in base64, without a data: prefix; at most 20 MiB decoded') },
  { external_id: described(orNull({ type: 'string', maxLength: 256 }), 'Comes back with the item; used once in a batch') },
);

const onePixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVQI12NgYGAAAAAEAAEnNCcKAAAAAElFTkSuQmCC';

/** The six operations of Noxovision 0.2.0, at the paths of this installation. */
export function contractOperations(paths: OperationPaths): SurfaceDoc {
  return {
    tag: 'Job API',
    description: 'Noxovision 0.2.0. Submit, then poll the address in `Location` or wait for the webhook.',
    bases: [''],
    error: {
      name: 'ContractError',
      schema: object({ error: partial({ code: text, message: text }, { details: { type: 'object' } }) }),
    },
    routes: [submitVideo(paths), submitImages(paths), ...results(paths), latency(paths), capacity(paths)],
  };
}

function submitVideo(paths: OperationPaths): RouteDoc {
  const binary = { schema: { type: 'string', format: 'binary' } };
  return {
    method: 'POST',
    path: paths.pathOf('submitVideo'),
    operationId: 'submitVideo',
    summary: 'Submit a video: its bytes, a form, or its URL',
    parameters: [maxProcessingTime, idempotencyKey, ...webhookHeaders],
    body: {
      'application/octet-stream': binary,
      'video/*': binary,
      'multipart/form-data': {
        schema: partial({ video: { type: 'string', format: 'binary' } }, { webhook: ref('Webhook') }),
      },
      'application/json': {
        schema: partial({ video_url: described(text, 'http or https; fetched by the server') }, { webhook: ref('Webhook') }),
        examples: { 'by its URL': { video_url: 'https://media.example/clip.mp4' } },
      },
    },
    replies: submitted,
    errors: submitErrors,
  };
}

function submitImages(paths: OperationPaths): RouteDoc {
  return {
    method: 'POST',
    path: paths.pathOf('submitImages'),
    operationId: 'submitImages',
    summary: 'Submit a batch of pictures',
    description: 'A picture that cannot be used fails alone: its item says why, the others go on.',
    parameters: [maxProcessingTime, idempotencyKey],
    body: {
      'application/json': {
        schema: partial({ images: { type: 'array', minItems: 1, maxItems: 64, items: image } }, { webhook: ref('Webhook') }),
        examples: { 'one black pixel': { images: [{ external_id: 'door-1', data_base64: onePixel }] } },
      },
    },
    replies: submitted,
    errors: submitErrors,
  };
}

function results(paths: OperationPaths): RouteDoc[] {
  const result = (operation: 'videoResult' | 'imageResult', schema: string, what: string): RouteDoc => ({
    method: 'GET',
    path: paths.pathOf(operation),
    operationId: `get${schema}`,
    summary: `State and result of ${what}`,
    parameters: [pathParameter('job_id', 'As the submit answered')],
    replies: {
      200: {
        description: 'In every state; `Retry-After` says when to ask again',
        headers: { 'Retry-After': 'Seconds, while the job is not over' },
        schema: ref(schema),
      },
    },
    errors: [403, 404, 429, 503],
  });
  return [result('videoResult', 'VideoJob', 'a video'), result('imageResult', 'ImageJob', 'a batch of pictures')];
}

function latency(paths: OperationPaths): RouteDoc {
  return {
    method: 'GET',
    path: paths.pathOf('latency'),
    operationId: 'getLatency',
    summary: 'How long a second of video, or a picture, takes',
    parameters: [{ name: 'media_type', in: 'query', description: 'Of which media', required: true, schema: mediaType }],
    replies: {
      200: {
        description: 'Rolling mean over what was finished last',
        schema: partial(
          { media_type: mediaType, unit: { enum: ['second', 'image'] }, latency_ms_per_unit: number },
          { observed_units: described(integer, '0: measured by the agents on themselves after their start') },
        ),
      },
    },
    errors: [400, 403, 429, 503],
  };
}

function capacity(paths: OperationPaths): RouteDoc {
  return {
    method: 'GET',
    path: paths.pathOf('capacity'),
    operationId: 'getCapacity',
    summary: 'How busy the system is',
    replies: {
      200: {
        description: 'Share of the slots in use, of agents or adapters, whichever is more; 1 when none is there',
        schema: object({ used_system_capacity: { type: 'number', minimum: 0, maximum: 1 } }),
      },
    },
    errors: [403, 429, 503],
  };
}
