import { ListedEventView } from '@nightjar/contracts';
import {
  anyObject,
  described,
  flag,
  integer,
  jsonBody,
  listOf,
  moment,
  number,
  object,
  orNull,
  queryParameters,
  ref,
  schemaOfOutput,
  text,
  type RouteDoc,
} from '@nightjar/openapi';
import { EventsQuery, LatestQuery } from '../events/events-query.js';
import { ReviewBody } from '../events/reviews.controller.js';
import { OpenNvrQuery, StreamQuery } from '../live/live.controller.js';
import { ListQuery as DeliveriesQuery } from '../rules/messages.controller.js';
import { messageStates } from '../rules/messages.store.js';
import { RuleBody, RuleChange } from '../rules/rules.controller.js';
import { media, noContent, ok, operation } from './operation.js';

const cameraFilter = 'A camera in any form of its id; as often as wanted. Default: all that the caller sees';
const ofEvent = [403, 404, 503];

/** What happened in front of cameras, and telling others of it. */
export const eventOperations: readonly RouteDoc[] = [
  operation('GET /api/v1/events', 'listEvents', 'Events, newest start first', {
    parameters: queryParameters(EventsQuery, {
      camera_id: cameraFilter,
      label: '`person`, `car`, or the name of an analytic',
      source: 'Who told of it',
      event_type: '`track`: somebody was followed; `alarm`: the camera itself; `alert`: an analytic or an app',
      plate: 'Part of a number plate; capitals and spaces are of no account',
      from: 'Going on at or after this: RFC 3339 or Unix seconds',
      to: 'Going on before this, likewise',
      min_score: '0 to 1',
      has_evidence: 'Whether there is a picture',
      reviewed: 'Whether the caller has reviewed it',
      limit: 'Events of a page',
      cursor: '`next_cursor` of the page before',
    }),
    replies: {
      200: {
        description: 'A page',
        headers: { Link: 'The next page' },
        schema: object({ events: listOf(ref('Event')), count: integer, next_cursor: described(orNull(text), 'null: the last page') }),
      },
    },
    errors: [403, 404, 422, 503],
  }),
  operation('GET /api/v1/events/latest', 'listLatestEvents', 'The newest events', {
    parameters: queryParameters(LatestQuery, { camera_id: cameraFilter, limit: 'So many' }),
    replies: ok('Events', object({ events: listOf(ref('Event')), count: integer })),
    errors: [403, 404, 422, 503],
  }),
  operation('GET /api/v1/events/{id}/evidence', 'getEvidence', 'The picture of an event', {
    replies: { 200: media('image/jpeg', 'The picture') },
    errors: ofEvent,
  }),
  operation('PUT /api/v1/events/{id}/review', 'reviewEvent', 'Mark an event as reviewed by the caller', {
    replies: ok('Marked', object({ id: integer, reviewed: flag })),
    errors: ofEvent,
  }),
  operation('DELETE /api/v1/events/{id}/review', 'unreviewEvent', 'Take the mark away', { replies: noContent, errors: ofEvent }),
  operation('POST /api/v1/events/review', 'reviewEvents', 'Mark many events, or take their marks away', {
    body: jsonBody(ReviewBody),
    replies: ok('Those that were found', object({ ids: listOf(integer), reviewed: flag, not_found: listOf(integer) })),
    errors: [403, 422, 503],
  }),
  operation(
    'GET /api/v1/events/stream',
    'followEvents',
    'Events and overlays as they come: Server-Sent Events, or a WebSocket on a handshake',
    {
      description:
        'Notifications come with an id; a client that shows the last one it has seen (`Last-Event-ID`) gets all since. `gap` says where that is not possible.',
      parameters: queryParameters(StreamQuery, {
        camera_id: cameraFilter,
        types: '`notification`, `overlay`, or both with a comma',
        last_event_id: 'Instead of the header `Last-Event-ID`',
      }),
      replies: {
        101: { description: 'The WebSocket is open' },
        200: media('text/event-stream', '`opened`, `notification`, `gap`, `overlay`'),
      },
      errors: [400, 403, 404, 422, 429, 503],
    },
  ),
  operation('GET /api/v1/events/ws', 'followEventsAsOpenNvr', 'The same as a WebSocket in OpenNVR’s words, without a replay', {
    parameters: queryParameters(OpenNvrQuery, { camera_id: 'One camera', task: 'Of this task only; as often as wanted' }),
    replies: { 101: { description: 'The WebSocket is open' } },
    errors: [400, 403, 404, 422, 426, 429, 503],
  }),
  operation('POST /api/v1/events/ws-ticket', 'makeStreamTicket', 'A ticket that opens one stream, once, as `?ticket=`', {
    replies: ok('The ticket', object({ ticket: text, expires_in: integer })),
    errors: [403, 503],
  }),
  operation('GET /api/v1/rules', 'listRules', 'Rules of the caller; admins see all', {
    replies: ok('Rules', object({ rules: listOf(ref('Rule')) })),
    errors: [403, 503],
  }),
  operation('POST /api/v1/rules', 'createRule', 'Tell a receiver of events', {
    body: jsonBody(RuleBody, {
      'persons at night': {
        name: 'night',
        labels: ['person'],
        schedule: { timezone: 'Europe/Rome', times: [{ days: [0, 1, 2, 3, 4, 5, 6], from: '22:00', to: '06:00' }] },
        url: 'https://example.org/hook',
        secret: 'a secret of yours',
      },
    }),
    replies: { 201: { description: 'The rule', schema: ref('Rule') } },
    errors: [400, 403, 404, 409, 422, 503],
  }),
  operation('GET /api/v1/rules/{ruleId}', 'getRule', 'One rule', { replies: ok('The rule', 'Rule'), errors: ofEvent }),
  operation(
    'PUT /api/v1/rules/{ruleId}',
    'replaceRule',
    'The whole rule anew; a secret that is not named stays, unless the receiver is another host',
    {
      body: jsonBody(RuleChange),
      replies: ok('The rule', 'Rule'),
      errors: [400, 403, 404, 422, 503],
    },
  ),
  operation('DELETE /api/v1/rules/{ruleId}', 'removeRule', 'Remove a rule', { replies: noContent, errors: ofEvent }),
  operation('GET /api/v1/rules/{ruleId}/deliveries', 'listDeliveries', 'Messages of a rule, newest first', {
    parameters: queryParameters(DeliveriesQuery, {
      state: 'In this state only',
      limit: 'Messages of a page',
      before: '`next_before` of the page before',
    }),
    replies: ok('A page', object({ deliveries: listOf(ref('Delivery')), next_before: orNull(text) })),
    errors: [403, 404, 422, 503],
  }),
  operation('GET /api/v1/rules/{ruleId}/deliveries/{deliveryId}', 'getDelivery', 'One message, with its attempts', {
    replies: ok('The message', 'DeliveryLog'),
    errors: ofEvent,
  }),
  operation('POST /api/v1/rules/{ruleId}/deliveries/{deliveryId}/redeliver', 'redeliver', 'Send a message again', {
    replies: { 202: { description: 'It is on its way', schema: object({ id: text }) } },
    errors: [403, 404, 409, 503],
  }),
];

const delivery = {
  id: described(text, 'The same over all attempts: receivers know repetitions by it'),
  rule_id: integer,
  event_id: integer,
  camera_id: integer,
  moment: text,
  state: { enum: messageStates },
  receiver: described(orNull(text), 'Scheme, host and port'),
  attempts_made: integer,
  next_attempt_at: orNull(moment),
  last_error: orNull(text),
  created_at: moment,
  ended_at: orNull(moment),
};

/** Schemas that are named in the operations above. */
export const eventSchemas = {
  Event: schemaOfOutput(ListedEventView),
  Rule: object({
    id: integer,
    owner_id: orNull(integer),
    name: text,
    enabled: flag,
    camera_ids: described(listOf(integer), 'None: all that the owner sees'),
    labels: listOf(text),
    event_types: listOf(text),
    min_score: orNull(number),
    schedule: orNull(anyObject),
    cooldown_seconds: integer,
    tells_end: flag,
    url: text,
    has_secret: flag,
    created_at: moment,
    updated_at: moment,
  }),
  Delivery: object(delivery),
  DeliveryLog: object({
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
};
