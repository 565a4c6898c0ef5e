import { ImageResult, JobError, VideoResult } from '@nightjar/contracts';
import {
  described,
  flag,
  integer,
  type JsonSchema,
  listOf,
  moment,
  object,
  orNull,
  type ParameterDoc,
  partial,
  ref,
  schemaOfOutput,
  text,
} from '@nightjar/openapi';

const contractStatus: JsonSchema = { enum: ['queued', 'processing', 'finished', 'failed'] };
const jobState: JsonSchema = { enum: ['queued', 'processing', 'finished', 'failed', 'cancelled'] };
export const mediaType: JsonSchema = { enum: ['video', 'image'] };
export const deliveryState: JsonSchema = { enum: ['pending', 'delivered', 'exhausted', 'cancelled'] };
const progress = described({ type: 'number', minimum: 0, maximum: 1 }, 'While the job is not over');

const head = { job_id: text, status: contractStatus };
const tail = {
  error: orNull(ref('JobError')),
  progress,
  stage: orNull(text),
  expires_at: described(moment, 'The job and its result are removed then'),
};

const jobSummary = {
  job_id: text,
  media_type: mediaType,
  status: jobState,
  stage: orNull(text),
  progress,
  created_at: moment,
  started_at: orNull(moment),
  finished_at: orNull(moment),
  expires_at: orNull(moment),
  attempt: described(integer, 'Agents that tried; 0 before the first'),
  error: orNull(ref('JobError')),
  size_bytes: integer,
  result_url: described(text, 'Where the result is polled'),
};

const delivery = {
  id: described(text, 'The same over all attempts: receivers know repetitions by it'),
  job_id: text,
  state: deliveryState,
  receiver: described(orNull(text), 'Scheme, host and port'),
  attempts_made: integer,
  next_attempt_at: orNull(moment),
  last_error: orNull(text),
  created_at: moment,
  ended_at: orNull(moment),
};

const apiKey = {
  id: text,
  name: text,
  prefix: described(text, 'First characters of the key'),
  status: { enum: ['active', 'expired', 'revoked'] },
  scopes: listOf(text),
  face_embeddings: described(flag, 'Whether results of its jobs hold the vectors of faces'),
  requests_per_minute: described(orNull(integer), 'null: the default of the installation'),
  created_at: moment,
  expires_at: orNull(moment),
  revoked_at: orNull(moment),
  last_used_at: described(orNull(moment), 'To the minute'),
  replaces_id: described(orNull(text), 'The key that this one took over from'),
};

/** Schemas that several operations refer to. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  JobError: schemaOfOutput(JobError),
  VideoResult: schemaOfOutput(VideoResult),
  ImageResult: schemaOfOutput(ImageResult),
  JobAccepted: object({ job_id: text }),
  VideoJob: partial({ ...head, result: orNull(ref('VideoResult')) }, tail),
  ImageJob: partial(
    {
      ...head,
      items: listOf(
        object({
          index: integer,
          external_id: orNull(text),
          status: contractStatus,
          result: orNull(ref('ImageResult')),
          error: orNull(ref('JobError')),
        }),
      ),
    },
    tail,
  ),
  Webhook: partial(
    { url: described(text, 'http or https; called once with the result when the job is over') },
    { secret: described({ type: 'string', minLength: 1, maxLength: 256 }, 'Signs the message; without it there is no signature') },
  ),
  JobSummary: object(jobSummary),
  Job: object({
    ...jobSummary,
    webhook: orNull(object({ url: described(text, 'Without its query'), delivery: orNull({ type: 'object' }) })),
  }),
  WebhookDelivery: object(delivery),
  WebhookDeliveryLog: object({
    ...delivery,
    attempts: listOf(
      object({
        attempt: integer,
        at: moment,
        duration_ms: integer,
        status: described(orNull(integer), 'HTTP status; null when there was no answer'),
        error: orNull(text),
        answer: described(orNull(text), 'Beginning of the answer'),
        manual: described(flag, 'Whether somebody asked for it'),
      }),
    ),
  }),
  ApiKey: object(apiKey),
  CreatedApiKey: object({ ...apiKey, key: described(text, 'The key itself. It is shown here and never again') }),
};

/** How a page of a list is asked for. */
export const pageParameters: readonly ParameterDoc[] = [
  { name: 'limit', in: 'query', description: 'Rows of a page', schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } },
  { name: 'cursor', in: 'query', description: '`next_cursor` of the page before' },
];

/** Of a list: its rows under a name, and where the next page begins. */
export function pageOf(name: string, row: string): JsonSchema {
  return object({ [name]: listOf(ref(row)), next_cursor: described(orNull(text), 'null: the last page') });
}
