import {
  described,
  flag,
  integer,
  listOf,
  moment,
  number,
  object,
  orNull,
  partial,
  pathParameter,
  ref,
  type RouteDoc,
  text,
} from '@nightjar/openapi';
import { mediaType } from './schemas.js';

const slots = object({ total: integer, busy: integer });
const day = { type: 'string', format: 'date' };

const limits = object({
  video: object({ bytes_max: integer }),
  image_batch: object({ bytes_max: integer, images_max: integer, image_bytes_max: integer }),
  allowlist: object({ persons_max: integer, image_bytes_max: integer }),
  requests_per_minute: described(integer, 'Of the key that asks'),
  max_processing_seconds: described(orNull(integer), 'Of a job that names no Max-Processing-Time; null: unbounded'),
  retention_days: number,
  quotas: listOf(
    object({
      name: { enum: ['jobs-open', 'jobs-per-day', 'upload-bytes-per-day'] },
      limit: described(orNull(integer), 'null: unbounded'),
      used: integer,
      resets_in_seconds: orNull(integer),
    }),
  ),
});

const used = {
  media_type: mediaType,
  unit: { enum: ['second', 'image'] },
  jobs: integer,
  images: integer,
  bytes: integer,
  analysed_units: number,
};
const usage = object({ from: day, to: day, days: listOf(object({ day, ...used })), totals: listOf(object(used)) });

/** Bounds, use and condition of the system, and the list of known faces. */
export const statusOperations: readonly RouteDoc[] = [
  {
    method: 'GET',
    path: '/v1/status',
    operationId: 'getStatus',
    summary: 'What the system consists of, how long jobs wait, and when one that is submitted now would begin',
    replies: {
      200: {
        description: 'The status',
        schema: object({
          agents: listOf(object({ id: text, job_slots: slots, stream_slots: slots })),
          adapters: listOf(
            object({ id: text, capabilities: listOf(text), slots, queued: integer, healthy: orNull(flag), models_loaded: listOf(text) }),
          ),
          jobs: object({ queued: integer, processing: integer }),
          queue_wait: object({ window_seconds: integer, jobs: integer, p50_seconds: orNull(number), p95_seconds: orNull(number) }),
          used_system_capacity: { type: 'number', minimum: 0, maximum: 1 },
          estimated_start_seconds: described(orNull(number), 'null: nobody is there to begin'),
          media_types: listOf(
            object({
              media_type: mediaType,
              unit: { enum: ['second', 'image'] },
              latency_ms_per_unit: number,
              observed_units: number,
              queued: integer,
              processing: integer,
            }),
          ),
        }),
      },
    },
    errors: [403, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/limits',
    operationId: 'getLimits',
    summary: 'Every bound that a caller can run into',
    replies: { 200: { description: 'The limits', schema: limits } },
    errors: [403, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/usage',
    operationId: 'getUsage',
    summary: 'What the tenant used, by day (UTC) and media type',
    parameters: [
      { name: 'from', in: 'query', description: 'First day', schema: day },
      { name: 'to', in: 'query', description: 'Last day', schema: day },
    ],
    replies: { 200: { description: 'The usage', schema: usage } },
    errors: [400, 403, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/allowlist',
    operationId: 'listAllowlist',
    summary: 'Persons whose faces results mark as allowlisted',
    replies: { 200: { description: 'The persons; vectors never come out', schema: object({ persons: listOf(ref('AllowlistedPerson')) }) } },
    errors: [403, 429, 503],
  },
  {
    method: 'POST',
    path: '/v1/allowlist',
    operationId: 'addToAllowlist',
    summary: 'Add a person by a picture with a single face',
    description: 'Only a sealed vector of the face is kept, never the picture.',
    body: { 'application/json': { schema: partial({ name: text, image_base64: text }, {}) } },
    replies: { 201: { description: 'Added', schema: ref('AllowlistedPerson') } },
    errors: [403, 409, 413, 415, 422, 429, 503],
  },
  {
    method: 'DELETE',
    path: '/v1/allowlist/{personId}',
    operationId: 'removeFromAllowlist',
    summary: 'Forget a person',
    parameters: [pathParameter('personId', 'Id of the person')],
    replies: { 204: { description: 'Forgotten' } },
    errors: [403, 404, 429, 503],
  },
];

/** Schemas of these operations. */
export const statusSchemas = {
  AllowlistedPerson: object({
    id: text,
    name: text,
    model_fingerprint: described(text, 'Of the weights that made its vector'),
    readable: described(flag, 'false: it was sealed with another key than the one of now'),
    created_at: moment,
  }),
};
