import {
  anyObject,
  flag,
  integer,
  jsonBody,
  listOf,
  moment,
  number,
  object,
  orNull,
  queryParameters,
  text,
  type RouteDoc,
} from '@nightjar/openapi';
import { HistoryQuery, MonitoringBody, SystemEventsQuery } from '../system/system.controller.js';
import { media, ok, operation } from './operation.js';

const readiness = (status: string) =>
  object({ status: { const: status }, checks: { type: 'object', additionalProperties: { type: 'string' } } });
const document = ok('The document', { type: 'object', required: ['openapi', 'info', 'paths'] });

const systemEvent = object({
  id: integer,
  /** Null: from before hosts were told apart. */
  host: orNull(text),
  event_type: { enum: ['cpu_high', 'memory_high', 'disk_low', 'disk_stat_error'] },
  event_state: { enum: ['active', 'inactive'] },
  severity: { enum: ['warning', 'critical'] },
  description: text,
  data: anyObject,
  occurred_at: moment,
});
const monitoring = object({
  enabled: flag,
  cpu_percent_threshold: number,
  memory_percent_threshold: number,
  sustained_seconds: integer,
  disk_min_free_gb: orNull(number),
  disk_used_percent_threshold: number,
  resolve_hysteresis_percent: number,
  notify_integrations: { const: false },
  renotify_cooldown_minutes: integer,
});

/** For orchestrators, monitors, readers and browsers. */
export const probeOperations: readonly RouteDoc[] = [
  operation('GET /livez', 'isLive', 'Whether the process turns', {
    isPublic: true,
    replies: ok('It does', object({ status: { const: 'ok' } })),
  }),
  operation('GET /readyz', 'isReady', 'Whether database and bus are there', {
    isPublic: true,
    replies: {
      200: { description: 'Ready', schema: readiness('ready') },
      503: { description: 'Not ready', schema: readiness('not ready') },
    },
  }),
  operation('GET /health', 'health', 'The same for OpenNVR’s clients', { isPublic: true, replies: ok('It lives', anyObject) }),
  operation('GET /api/v1/system/posture', 'getPosture', 'Where pictures may go', { replies: ok('The posture', anyObject), errors: [403] }),
  operation('GET /api/v1/system/resources', 'getResources', 'What the machine is busy with', {
    replies: ok('Now, and what is alarming', anyObject),
    errors: [403, 503],
  }),
  operation('GET /api/v1/system/resources/history', 'getResourceHistory', 'What it was busy with', {
    parameters: queryParameters(HistoryQuery, { minutes: 'How far back' }),
    replies: ok('Oldest first', object({ points: listOf(anyObject) })),
    errors: [403, 422],
  }),
  operation('GET /api/v1/system/events', 'listSystemEvents', 'What was the matter with the machine, and when it was over', {
    parameters: queryParameters(SystemEventsQuery, {
      event_type: 'Of this kind only',
      event_state: '`active`: it began, or goes on; `inactive`: it is over',
      skip: 'Rows to leave out',
      limit: 'Rows of a page',
    }),
    replies: ok('Newest first', object({ events: listOf(systemEvent), total: integer })),
    errors: [403, 422, 503],
  }),
  operation('GET /api/v1/system/monitoring-settings', 'getMonitoring', 'When the machine is busy enough to say so', {
    replies: ok('The settings', monitoring),
    errors: [403, 503],
  }),
  operation('PUT /api/v1/system/monitoring-settings', 'changeMonitoring', 'Change that: what is not named stays', {
    body: jsonBody(MonitoringBody),
    replies: ok('The settings', monitoring),
    errors: [403, 422, 503],
  }),
  operation('GET /openapi.json', 'getDocument', 'This document, OpenAPI 3.1', { isPublic: true, replies: document }),
  operation('GET /docs', 'readDocument', 'This document, to be read and tried', {
    isPublic: true,
    replies: { 200: media('text/html', 'A page') },
  }),
  operation('GET /docs/openapi.json', 'getDocumentOfPage', 'This document, beside its page', { isPublic: true, replies: document }),
  operation('GET /docs/errors', 'readErrorCodes', 'What error codes below `/1` mean: where the link of such an error leads', {
    isPublic: true,
    replies: { 200: media('text/html', 'A page') },
  }),
  operation('GET /docs/assets/{file}', 'getPageFile', 'What the page is made of', {
    isPublic: true,
    replies: { 200: media('*/*', 'The file') },
    errors: [404],
  }),
];
