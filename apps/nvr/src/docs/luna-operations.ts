import {
  anyObject,
  integer,
  jsonBody,
  jsonReply,
  listOf,
  moment,
  number,
  object,
  orNull,
  partial,
  queryParameters,
  ref,
  text,
  type RouteDoc,
} from '@nightjar/openapi';
import { StreamAction } from '../luna/luna-streams.controller.js';
import {
  Feedback,
  GroupLink,
  LogsQuery,
  NewAgent,
  NewAnalytic,
  NewGroup,
  NewStream,
  ReplacedStream,
  StreamsQuery,
} from '../luna/stream-request.js';
import { media, noContent, ok, operation, switched } from './operation.js';

const created = (what: string, schema: ReturnType<typeof object>) => ({
  201: { description: what, headers: { Location: 'Its own address' }, schema },
});
const filter = { group_id: 'Of this group only', statuses: 'In these statuses only: names with commas between them' };
const page = { page: 'From 1', page_size: 'Rows of a page' };
const logFilter = {
  stream_id: 'Of this stream only',
  time__gte: 'Not before',
  time__lt: 'Before',
  targets: 'Fields of an entry, with commas',
};
const known = [403, 404, 503];
const asAgent = 'For keys with `streams:manage`, agents of trusted networks, and admins: no role lets a user speak as an agent.';

/** Streams, as the Luna Video Manager has them: what is analysed, where and how. */
export const lunaOperations: readonly RouteDoc[] = [
  operation('POST /1/streams', 'createStream', 'Have a stream analysed', {
    body: jsonBody(NewStream, {
      'people on a stream': {
        name: 'door',
        data: { type: 'tcp', reference: 'rtsp://10.0.0.7/main' },
        analytics: [{ analytic_name: 'people_count' }],
      },
    }),
    replies: created('The stream', object({ stream_id: text, url: text })),
    errors: [400, 403, 404, 409, 503],
  }),
  operation('GET /1/streams', 'listStreams', 'Streams', {
    parameters: queryParameters(StreamsQuery, { ...filter, ...page }),
    replies: ok('A page', object({ streams: listOf(ref('Stream')) })),
    errors: [400, 403, 503],
  }),
  operation('GET /1/streams/count', 'countStreams', 'How many streams there are', {
    parameters: queryParameters(StreamsQuery, { ...filter, ...page }),
    replies: ok('The count', object({ streams_count: integer })),
    errors: [400, 403, 503],
  }),
  operation('GET /1/streams/logs', 'listStreamLogs', 'What became of streams, newest first', {
    parameters: queryParameters(LogsQuery, { ...logFilter, ...page }),
    replies: ok('A page', object({ logs: listOf(anyObject) })),
    errors: [400, 403, 503],
  }),
  operation('DELETE /1/streams/logs', 'removeStreamLogs', 'Forget it', {
    parameters: queryParameters(LogsQuery, { ...logFilter, ...page }),
    replies: noContent,
    errors: [400, 403, 404, 503],
  }),
  operation('GET /1/streams/{streamId}', 'getStream', 'One stream', { replies: ok('The stream', 'Stream'), errors: known }),
  operation('PUT /1/streams/{streamId}', 'replaceStream', 'Settings of a stream anew; its agent goes on with them', {
    body: jsonBody(ReplacedStream),
    replies: ok('The stream', 'Stream'),
    errors: [400, 403, 404, 409, 503],
  }),
  operation('PATCH /1/streams/{streamId}', 'switchStream', 'Stop a stream, or go on with it', {
    parameters: queryParameters(StreamAction, { action: 'What to do' }),
    replies: ok('How many it was', object({ streams_count: integer })),
    errors: [400, 403, 404, 409, 503],
  }),
  operation('DELETE /1/streams/{streamId}', 'removeStream', 'Remove a stream', { replies: noContent, errors: [403, 404, 409, 503] }),
  operation('POST /1/streams/{streamId}/ticket', 'makeResultsTicket', 'A ticket that opens the stream’s results at its agent, once', {
    replies: ok('The ticket', object({ ticket: text, expires_in: integer })),
    errors: known,
  }),
  operation('GET /1/streams/{streamId}/agent', 'getAgentOfStream', 'Who works on a stream', {
    replies: ok('The agent', anyObject),
    errors: [403, 404, 409, 503],
  }),
  operation('GET /1/streams/{streamId}/preview', 'getStreamPreview', 'The last picture that was analysed of a stream', {
    replies: { 200: media('image/jpeg', 'The picture', { 'Last-Modified': 'When it was taken' }) },
    errors: known,
  }),
  operation('GET /1/ws', 'followStream', 'What the agent of a stream tells of it, as a WebSocket', {
    parameters: [
      { name: 'stream_id', in: 'query', description: 'UUID of the stream', required: true },
      { name: 'account_id', in: 'query', description: 'Account of the stream; one’s own' },
      { name: 'ticket', in: 'query', description: 'Instead of a header' },
    ],
    replies: switched,
    errors: [400, 403, 404, 426, 429, 503],
  }),
  operation('POST /1/groups', 'createGroup', 'Make a group of streams', {
    body: jsonBody(NewGroup),
    replies: created('The group', object({ group_id: text, url: text })),
    errors: [400, 403, 409, 503],
  }),
  operation('GET /1/groups', 'listGroups', 'Groups', { replies: ok('All', object({ groups: listOf(ref('Group')) })), errors: [403, 503] }),
  operation('GET /1/groups/{groupId}', 'getGroup', 'One group', { replies: ok('The group', 'Group'), errors: known }),
  operation('DELETE /1/groups/{groupId}', 'removeGroup', 'Remove a group; its streams stay', { replies: noContent, errors: known }),
  operation('PATCH /1/groups/linker', 'linkStreams', 'Put streams into a group, or take them out', {
    body: jsonBody(GroupLink),
    replies: ok('How many it was', object({ streams_count: integer })),
    errors: [400, 403, 404, 503],
  }),
  operation('POST /1/analytics', 'createAnalytic', 'Tell of an analytic of an agent of yours', {
    body: jsonBody(NewAnalytic),
    replies: created('The analytic', object({ analytic_id: text, url: text })),
    errors: [400, 403, 409, 503],
  }),
  operation('GET /1/analytics', 'listAnalytics', 'Analytics, with the schemas of their parameters', {
    replies: ok('All', object({ analytics: listOf(ref('Analytic')) })),
    errors: [403, 503],
  }),
  operation('GET /1/analytics/{analyticId}', 'getAnalytic', 'One analytic', { replies: ok('The analytic', 'Analytic'), errors: known }),
  operation('PUT /1/analytics/{analyticId}', 'replaceAnalytic', 'A higher version of an analytic', {
    body: jsonBody(NewAnalytic),
    replies: ok('The analytic', 'Analytic'),
    errors: [400, 403, 404, 409, 503],
  }),
  operation('DELETE /1/analytics/{analyticId}', 'removeAnalytic', 'Remove an analytic', {
    replies: noContent,
    errors: [403, 404, 409, 503],
  }),
  operation('GET /version', 'getManagerVersion', 'Level of the manager’s API; the build stands in the header X-Nightjar-Version', {
    isPublic: true,
    replies: ok('The version', object({ Version: object({ api: integer, major: integer, minor: integer, patch: integer }) })),
  }),
  operation('GET /healthcheck', 'getManagerHealth', 'Whether the manager is well', {
    isPublic: true,
    parameters: [
      {
        name: 'include_luna_services',
        in: 'query',
        description: '1: also whether an agent is there',
        schema: { type: 'integer', enum: [0, 1], default: 0 },
      },
    ],
    replies: {
      ...ok('All is well', object({ execution_time: number })),
      502: jsonReply('Something is not', partial({ desc: text, detail: text, components: listOf(anyObject) }, { execution_time: number })),
    },
    errors: [400],
  }),
  ...(
    [
      ['/config', 'getManagerConfig'],
      ['/configs', 'getManagerConfigs'],
      ['/1/config', 'getManagerConfigOfApi'],
    ] as const
  ).map(([path, id]) =>
    operation(`GET ${path}`, id, 'Current settings, secrets masked: JSON or text, by Accept', {
      replies: ok('Settings by section', anyObject),
      errors: [400, 403],
    }),
  ),
  ...(
    [
      ['/plugins', 'getManagerPlugins'],
      ['/1/plugins', 'getManagerPluginsOfApi'],
    ] as const
  ).map(([path, id]) =>
    operation(`GET ${path}`, id, 'None: plugins are an agent’s', {
      replies: ok('An empty list', object({ plugins: listOf(anyObject) })),
      errors: [403],
    }),
  ),
  operation('POST /1/agents', 'registerAgent', 'An agent of yours says that it is there', {
    description: asAgent,
    body: jsonBody(NewAgent),
    replies: created(
      'Its id, and how often it has to show',
      object({ agent_id: text, refresh_period: number, alive_period: number, url: text }),
    ),
    errors: [400, 403, 409, 503],
  }),
  operation('GET /1/agents', 'listAgents', 'Agents of others', {
    replies: ok('All', object({ agents: listOf(ref('Agent')) })),
    errors: [403, 503],
  }),
  operation('GET /1/agents/{agentId}', 'getAgent', 'One agent', { replies: ok('The agent', 'Agent'), errors: known }),
  operation('DELETE /1/agents/{agentId}', 'removeAgent', 'Forget an agent; others take over its streams', {
    description: asAgent,
    replies: noContent,
    errors: known,
  }),
  operation('POST /1/agents/{agentId}/streams', 'fetchStreams', 'Streams that the agent is to begin with, each told once', {
    description: asAgent,
    replies: ok('Streams, with the credentials that they need', object({ streams: listOf(anyObject) })),
    errors: known,
  }),
  operation('POST /1/agents/{agentId}/feedback', 'tellOfStreams', 'What became of its streams', {
    description: asAgent,
    body: jsonBody(Feedback),
    replies: ok(
      'What it is to do with each',
      object({ streams: listOf(object({ stream_id: text, action: { enum: ['continue', 'stop'] } })) }),
    ),
    errors: [400, 403, 404, 503],
  }),
];

const status = { enum: ['pending', 'in_progress', 'done', 'restart', 'failure', 'stop'] };

/** Schemas that are named in the operations above. */
export const lunaSchemas = {
  Stream: object({
    stream_id: text,
    account_id: text,
    name: text,
    description: text,
    version: integer,
    data: partial({ reference: text }, { type: text }),
    location: {},
    autorestart: anyObject,
    status,
    last_error: orNull(text),
    groups: listOf(object({ group_id: text, group_name: text })),
    analytics: listOf(anyObject),
    video_info: orNull(object({ width: integer, height: integer, codec: orNull(text) })),
    preview: orNull(object({ url: text, time: moment })),
    create_time: moment,
  }),
  Group: object({ group_id: text, account_id: text, group_name: text, description: text, create_time: moment }),
  Analytic: object({
    analytic_id: text,
    account_id: orNull(text),
    analytic_name: text,
    description: text,
    documentation: text,
    version: text,
    parameters: anyObject,
    validation_schema: anyObject,
    create_time: moment,
  }),
  Agent: object({
    agent_id: text,
    account_id: text,
    name: text,
    description: text,
    host: orNull(text),
    port: integer,
    api_version: integer,
    analytics: listOf(text),
    max_stream_count: integer,
    status: { enum: ['ready', 'not_ready'] },
    last_contact_time: moment,
  }),
};
