import {
  anyObject,
  flag,
  integer,
  jsonBody,
  listOf,
  moment,
  object,
  orNull,
  queryParameters,
  ref,
  text,
  type RouteDoc,
} from '@nightjar/openapi';
import { ActionBody, ConfigBody, RegisterBody } from '../apps/apps.controller.js';
import { EventsQuery } from '../events/events-query.js';
import { EventBody } from '../internal/camera-agent.controller.js';
import { FrameQuery } from '../internal/recorded-frame.controller.js';
import { aiSovereignty } from '../system/posture.js';
import { media, ok, operation, switched } from './operation.js';

const ofApp = [403, 404, 503];

/** Programs beside the NVR: apps with their settings, and adapters behind one address. */
export const appOperations: readonly RouteDoc[] = [
  operation('POST /api/v1/apps/register', 'registerApp', 'Say that an app is there; again and again', {
    body: jsonBody(RegisterBody),
    replies: ok('The app', 'App'),
    errors: [400, 403, 503],
  }),
  operation('GET /api/v1/apps', 'listApps', 'Apps that registered', {
    replies: ok('Apps', object({ apps: listOf(ref('App')) })),
    errors: [403, 503],
  }),
  operation('GET /api/v1/apps/{appId}/config', 'getAppConfig', 'Settings of an app', {
    replies: ok('Settings', 'AppConfig'),
    errors: ofApp,
  }),
  operation('PUT /api/v1/apps/{appId}/config', 'changeAppConfig', 'Its settings from now on', {
    body: jsonBody(ConfigBody),
    replies: ok('Settings', 'AppConfig'),
    errors: [400, 403, 404, 422, 503],
  }),
  operation('POST /api/v1/apps/{appId}/enable', 'enableApp', 'Switch an app on', { replies: ok('The app', 'App'), errors: ofApp }),
  operation('POST /api/v1/apps/{appId}/disable', 'disableApp', 'Switch an app off', { replies: ok('The app', 'App'), errors: ofApp }),
  operation('GET /api/v1/apps/{appId}/status', 'getAppStatus', 'How an app says it is', {
    replies: ok('Its own answer', anyObject),
    errors: [403, 404, 502, 503, 504],
  }),
  operation('POST /api/v1/apps/{appId}/actions/{action}', 'actApp', 'Have an app do something', {
    body: jsonBody(ActionBody),
    replies: ok('Its own answer', anyObject),
    errors: [400, 403, 404, 422, 502, 503, 504],
  }),
  operation('POST /api/v1/infer/{adapter}', 'infer', 'Ask an adapter; its answer comes unchanged', {
    body: { 'application/json': { schema: anyObject } },
    replies: { 200: { description: 'The answer of the adapter', schema: anyObject } },
    errors: [400, 403, 404, 413, 422, 429, 502, 503, 504],
  }),
  operation('GET /api/v1/adapters', 'listAdapters', 'Adapters that can be asked, and how they are', {
    replies: ok('Adapters', object({ adapters: listOf(anyObject) })),
    errors: [403],
  }),
  operation('GET /api/v1/ai/capabilities', 'getAiCapabilities', 'What adapters can do, by their own word', {
    replies: ok(
      'Each adapter with its capabilities; null: it does not say',
      object({ contract_version: text, sovereignty_mode: { const: aiSovereignty }, adapters: anyObject }),
    ),
    errors: [403],
  }),
  operation('GET /api/v1/infer/{adapter}/stream', 'inferStream', 'Frames to an adapter and its results back, as a WebSocket', {
    replies: switched,
    errors: [400, 403, 404, 426, 429, 502, 503],
  }),
];

/** For services that show the internal key: all cameras and their events. */
export const internalOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/internal/camera-agent/cameras', 'listInternalCameras', 'All cameras', {
    replies: ok('Cameras', object({ cameras: listOf(anyObject) })),
    errors: [403, 503],
  }),
  operation('GET /api/v1/internal/camera-agent/detect-config', 'getDetectConfig', 'How cameras are to be watched', {
    replies: ok('Settings', object({ gate_mode: orNull(text) })),
    errors: [403],
  }),
  operation(
    'POST /api/v1/internal/camera-agent/events',
    'addInternalEvent',
    'Tell of an event; again is the same event. Times a day and more away count as now',
    {
      body: jsonBody(EventBody),
      replies: { 201: { description: 'Its id', schema: anyObject } },
      errors: [403, 404, 413, 422, 503],
    },
  ),
  operation('GET /api/v1/internal/camera-agent/events', 'listInternalEvents', 'Events of all cameras', {
    parameters: queryParameters(EventsQuery, {
      camera_id: 'A camera; as often as wanted',
      label: 'Of this label only',
      source: 'Who told of it',
      event_type: 'Of this type only',
      plate: 'Part of a number plate',
      from: 'Going on at or after this',
      to: 'Going on before this',
      min_score: '0 to 1',
      has_evidence: 'Whether there is a picture',
      reviewed: 'Of no use to a service',
      limit: 'Events of a page',
      cursor: 'Where the page begins',
    }),
    replies: ok('Events', object({ events: listOf(ref('Event')), count: integer, next_cursor: orNull(text) })),
    errors: [403, 404, 422, 503],
  }),
  operation('GET /api/v1/internal/camera-agent/events/{id}/evidence', 'getInternalEvidence', 'The picture of an event', {
    replies: { 200: media('image/jpeg', 'The picture') },
    errors: [403, 404, 503],
  }),
  operation('GET /api/v1/internal/camera-agent/recordings/frame', 'getInternalFrame', 'The picture of a moment', {
    parameters: queryParameters(FrameQuery, { camera_id: 'The camera', at: 'The moment: ISO 8601 (without a zone: UTC), or Unix seconds' }),
    replies: { 200: media('image/jpeg', 'The picture') },
    errors: [403, 404, 422, 503],
  }),
];

/** Schemas that are named in the operations above. */
export const appSchemas = {
  App: object({
    id: text,
    name: {},
    version: {},
    category: orNull(text),
    url: text,
    enabled: flag,
    config: anyObject,
    manifest: anyObject,
    last_seen: moment,
  }),
  AppConfig: object({ id: text, config: anyObject, updated_at: moment }),
};
