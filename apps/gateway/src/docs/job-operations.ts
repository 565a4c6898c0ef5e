import { object, pathParameter, ref, type RouteDoc } from '@nightjar/openapi';
import { deliveryState, mediaType, pageOf, pageParameters } from './schemas.js';

const jobId = pathParameter('jobId', 'Id of the job');
const deliveryId = pathParameter('deliveryId', 'Id of the message');

/** Jobs of the tenant beyond the contract. */
export const jobOperations: readonly RouteDoc[] = [
  {
    method: 'GET',
    path: '/v1/jobs',
    operationId: 'listJobs',
    summary: 'Jobs of the tenant, newest first',
    parameters: [
      ...pageParameters,
      {
        name: 'status',
        in: 'query',
        description: 'Only these; repeatable',
        schema: { type: 'array', items: { enum: ['queued', 'processing', 'finished', 'failed', 'cancelled'] } },
      },
      { name: 'media_type', in: 'query', description: 'Only these', schema: mediaType },
      { name: 'created_after', in: 'query', description: 'RFC 3339', schema: { type: 'string', format: 'date-time' } },
      { name: 'created_before', in: 'query', description: 'RFC 3339', schema: { type: 'string', format: 'date-time' } },
    ],
    replies: { 200: { description: 'A page', headers: { Link: 'rel="next": the next page' }, schema: pageOf('jobs', 'JobSummary') } },
    errors: [400, 403, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/{jobId}',
    operationId: 'getJob',
    summary: 'A job, and what became of its webhook',
    parameters: [jobId],
    replies: { 200: { description: 'The job', schema: ref('Job') } },
    errors: [403, 404, 429, 503],
  },
  {
    method: 'POST',
    path: '/v1/jobs/{jobId}/cancel',
    operationId: 'cancelJob',
    summary: 'Cancel a job that is not over',
    description: 'One that waits ends at once, one that is worked on within two seconds.',
    parameters: [jobId],
    replies: { 202: { description: 'The job as it is now', schema: ref('Job') } },
    errors: [403, 404, 409, 429, 503],
  },
  {
    method: 'DELETE',
    path: '/v1/jobs/{jobId}',
    operationId: 'deleteJob',
    summary: 'Remove a job that is over, with its result and its webhook messages',
    parameters: [jobId],
    replies: { 204: { description: 'Removed' } },
    errors: [403, 404, 409, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/jobs/events',
    operationId: 'streamJobEvents',
    summary: 'What becomes of jobs, live (server-sent events)',
    description:
      'Event `job` for every change of state, with an id; `progress` without one, the newest only; `gap` where events are no longer kept. Reconnect with `Last-Event-ID` and nothing is missed or repeated.',
    parameters: [
      { name: 'job_id', in: 'query', description: 'Only these jobs; repeatable', schema: { type: 'array', items: { type: 'string' } } },
      { name: 'Last-Event-ID', in: 'header', description: 'Id of the last event that was received' },
    ],
    replies: { 200: { description: 'A stream without end', contentType: 'text/event-stream', schema: { type: 'string' } } },
    errors: [400, 403, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/webhook-deliveries',
    operationId: 'listWebhookDeliveries',
    summary: 'Webhook messages of the tenant, newest first; state=exhausted are the dead letters',
    parameters: [
      ...pageParameters,
      { name: 'job_id', in: 'query', description: 'Of this job' },
      { name: 'state', in: 'query', description: 'Only these', schema: deliveryState },
    ],
    replies: { 200: { description: 'A page', schema: pageOf('deliveries', 'WebhookDelivery') } },
    errors: [400, 403, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/webhook-deliveries/{deliveryId}',
    operationId: 'getWebhookDelivery',
    summary: 'A webhook message with every attempt to deliver it',
    parameters: [deliveryId],
    replies: { 200: { description: 'The message', schema: ref('WebhookDeliveryLog') } },
    errors: [403, 404, 429, 503],
  },
  {
    method: 'POST',
    path: '/v1/webhook-deliveries/{deliveryId}/redeliver',
    operationId: 'redeliverWebhook',
    summary: 'Deliver a webhook message once more, whatever became of it',
    parameters: [deliveryId],
    replies: { 202: { description: 'It will be tried now', schema: object({ id: { type: 'string' } }) } },
    errors: [403, 404, 429, 503],
  },
];
