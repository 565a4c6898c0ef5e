import { admin, hidden, nothing, own, service, type AccessSample } from './access-sample.fixture.js';
import type { Ours } from './access-matrix.fixture.js';

/** At least one request for each route that is not public; what removes or ends something stands last. */
export function accessSamples(ours: Ours): AccessSample[] {
  return [
    ...cameras(ours),
    ...recordings(ours),
    ...exportsAndEvents(ours),
    ...luna(ours),
    ...appsAndRules(ours),
    ...people(ours),
    ...elsewhere(),
    ...ends(),
  ];
}

function cameras({ camera, ids }: Ours): AccessSample[] {
  const live = 'GET /api/v1/cameras/:reference/live/:file';
  const notYet = 'not in the playlist';
  return [
    nothing('GET /api/v1/cameras', { ok: 200, shows: 'yard-of-ours' }),
    nothing('GET /api/v1/cameras/by-ip/:ip', { ok: 200, shows: 'yard-of-ours' }),
    hidden('GET /api/v1/cameras/:reference', { ok: 200, shows: camera.uuid }),
    hidden('GET /api/v1/cameras/:reference/decode', { ok: 200, shows: '"decoding":null' }),
    hidden('GET /api/v1/cameras/:reference/snapshot', { ok: 200 }),
    hidden('POST /api/v1/cameras/:reference/snapshot-url', { ok: 200 }),
    // Not a handshake; those are asked below.
    hidden('GET /api/v1/cameras/:reference/live', { ok: 400 }),
    hidden('GET /api/v1/cameras/:reference/live.mjpeg', { ok: 200 }),
    hidden('POST /api/v1/cameras/:reference/live/ticket', { ok: 200 }),
    hidden(live, { file: 'index.m3u8', query: '_HLS_part=1', ok: 422 }),
    ...['init-1.mp4', 'segment-1.m4s', 'part-1-1.m4s'].map((file) => hidden(live, { file, ok: 404, shows: notYet })),
    hidden('GET /api/v1/streams/:reference/info', { ok: 200 }),
    hidden('GET /api/v1/streams/hls/:reference', { ok: 200 }),
    hidden('GET /api/v1/streams/webrtc/:reference', { ok: 501 }),
    hidden('POST /api/v1/cameras/:reference/test-connection', { ok: 200 }),
    hidden('POST /api/v1/cameras/:reference/ptz/move', { ok: 409 }),
    hidden('GET /api/v1/cameras/:reference/permissions', { ok: 200, shows: '"username":"guard"' }),
    hidden('GET /api/v1/cameras/:reference/permissions/check', { ok: 200, shows: '"is_owner":true' }),
    hidden('POST /api/v1/cameras/:reference/permissions', { body: { user_id: Number(ids.userId) }, ok: 200 }),
    hidden('POST /api/v1/cameras/:reference/ptz/stop', { ok: 409 }),
    hidden('GET /api/v1/cameras/:reference/stream/urls', { ok: 200, shows: 'live/index.m3u8?ticket=' }),
    hidden('GET /api/v1/cameras/:reference/mediamtx-status', { ok: 200, shows: '"served_by":"nightjar"' }),
    hidden('POST /api/v1/cameras/:reference/provision-mediamtx', { ok: 200 }),
    hidden('POST /api/v1/cameras/:reference/probe-transport', { ok: 200, shows: '"probe_result":"none"' }),
    hidden('GET /api/v1/streams/token/:reference', { ok: 501 }),
    hidden('GET /api/v1/streams/playback-token/:reference', { ok: 501 }),
    // Its onvif_url is not set.
    hidden('GET /api/v1/cameras/:reference/capabilities', { ok: 409 }),
    hidden('GET /api/v1/cameras/:reference/:setting', { ok: 501 }),
    hidden('POST /api/v1/cameras/:reference/reboot', { ok: 501 }),
    hidden('POST /api/v1/cameras/:reference/events/subscribe', { ok: 501 }),
    nothing('GET /api/v1/camera-config', { ok: 200, shows: 'yard-of-ours' }),
    own('GET /api/v1/cameras/assignable-skills', { ok: 200, shows: '"skills":[' }),
    admin('PUT /api/v1/cameras/:reference/transport-security', { body: {} }),
    admin('POST /api/v1/cameras/:reference/hard-delete', { body: { confirmation: 'another name' } }),
    admin('GET /api/v1/cameras/deleted', { ok: 200 }),
    admin('POST /api/v1/cameras'),
    admin('PUT /api/v1/cameras/:reference', { body: { name: 1 } }),
    admin('POST /api/v1/cameras/profiles'),
    admin('POST /api/v1/cameras/test-connection'),
    // It waits for three seconds; its own spec asks.
    admin('POST /api/v1/cameras/discover', { ok: undefined }),
  ];
}

function recordings({ camera, endUnix, segmentId, startUnix }: Ours): AccessSample[] {
  const base = '/api/v1/recordings';
  const camera_id = camera.id;
  const id = `camera_id=${camera_id}`;
  const span = `${id}&start=${startUnix}&end=${endUnix}`;
  const units = `start_unix=${startUnix}&end_unix=${endUnix}`;
  const range = { camera_id, start_unix: startUnix, end_unix: endUnix };
  const body = { camera_id, start: startUnix, end: endUnix };
  const date = new Date(startUnix * 1_000).toISOString();
  return [
    hidden(`GET ${base}/:reference`, { query: units, ok: 200, shows: `files/${segmentId}.mp4` }),
    hidden(`GET ${base}/files/:file`, { file: `${segmentId}.mp4`, ok: 200 }),
    hidden(`GET ${base}/:reference/clip.mp4`, { query: units, ok: 200 }),
    hidden(`GET ${base}/:reference/frame.jpg`, { query: `at_unix=${startUnix}`, ok: 200 }),
    hidden(`GET ${base}/frame`, { query: `${id}&at=${startUnix}`, ok: 200 }),
    hidden(`GET ${base}/thumbnails`, { query: span, ok: 200 }),
    hidden(`GET ${base}/thumbnails/sprite.jpg`, { query: `${span}&count=1`, ok: 200 }),
    hidden(`GET ${base}/segments/:reference`, { query: `date=${date.slice(0, 10)}`, ok: 200, shows: 'yard-of-ours' }),
    hidden(`GET ${base}/status/:reference`, { ok: 200, shows: 'yard-of-ours' }),
    hidden(`GET ${base}/calendar`, { query: `${id}&month=${date.slice(0, 7)}`, ok: 200 }),
    hidden(`GET ${base}/list`, { query: id, ok: 200, shows: 'yard-of-ours' }),
    nothing(`GET ${base}/list`, { ok: 200, shows: 'yard-of-ours' }),
    nothing(`GET ${base}/stats`, { ok: 200, shows: `"oldest":"${date}"` }),
    nothing(`GET ${base}/storage`, { ok: 200, shows: 'yard-of-ours' }),
    hidden(`GET ${base}/playback/list`, { query: `path=cam-${camera_id}`, ok: 200 }),
    hidden(`GET ${base}/playback/url`, { query: `path=cam-${camera_id}&start=${startUnix}&duration=1`, ok: 200 }),
    nothing(`GET ${base}/playback/cameras`, { ok: 200, shows: 'yard-of-ours' }),
    nothing(`GET ${base}/sessions-for-ai`, { query: `start=${startUnix}&end=${endUnix}`, ok: 200, shows: 'yard-of-ours' }),
    hidden(`GET ${base}/sessions-for-ai`, { query: span, ok: 200, shows: 'yard-of-ours' }),
    admin(`GET ${base}/config`, { ok: 200, shows: '"continuous"' }),
    admin(`GET ${base}/retention`, { ok: 200, shows: '"protected_ranges":' }),
    admin(`GET ${base}/schedule`, { ok: 200, shows: 'yard-of-ours' }),
    admin(`GET ${base}/orphans`, { ok: 200, shows: '"orphans":[' }),
    admin(`POST ${base}/orphans/attach`, { ok: 501 }),
    admin(`DELETE ${base}/orphans`, { ok: 501 }),
    hidden(`GET ${base}/playback/hls`, { query: span, ok: 200 }),
    ...['index.m3u8', 'init.mp4', 'segment-0.m4s', 'browser.mp4'].map((file) =>
      hidden(`GET ${base}/playback/hls/:session/:file`, { file, ok: 200 }),
    ),
    hidden(`POST ${base}/ticket`, { body: range, ok: 200 }),
    hidden(`POST ${base}/export/ticket`, { body: { camera_id, start: startUnix, duration: 1 }, ok: 200 }),
    // Only a ticket says what is wanted: those are asked below.
    own(`GET ${base}/export`, { ok: 422 }),
    nothing(`GET ${base}/protections`, { ok: 200, shows: 'note-of-ours' }),
    hidden(`GET ${base}/protections`, { query: id, ok: 200, shows: 'note-of-ours' }),
    hidden(`POST ${base}/protections`, { body: range, ok: 201 }),
    hidden(`PUT ${base}/flag`, { body, ok: 200 }),
    hidden('POST /api/v1/exports', { body, ok: 202 }),
  ];
}

function exportsAndEvents({ camera, ids }: Ours): AccessSample[] {
  const exports = '/api/v1/exports';
  const events = '/api/v1/events';
  const ghost = 'ghost-of-ours';
  return [
    nothing(`GET ${exports}`, { ok: 200, shows: 'export-of-ours' }),
    hidden(`GET ${exports}/:id`, { ok: 200, shows: 'export-of-ours' }),
    hidden(`GET ${exports}/:id/file`, { ok: 200 }),
    hidden(`POST ${exports}/:id/ticket`, { ok: 200 }),
    hidden(`POST ${exports}/:id/cancel`, { ok: 409 }),
    nothing(`GET ${events}`, { ok: 200, shows: ghost }),
    hidden(`GET ${events}`, { query: `camera_id=${camera.id}`, ok: 200, shows: ghost }),
    nothing(`GET ${events}/latest`, { ok: 200, shows: ghost }),
    hidden(`GET ${events}/latest`, { query: `camera_id=${camera.id}`, ok: 200, shows: ghost }),
    hidden(`GET ${events}/:id/evidence`, { ok: 200 }),
    nothing(`GET ${events}/stream`, { query: 'last_event_id=0', ok: 200, shows: ghost }),
    hidden(`GET ${events}/stream`, { query: `camera_id=${camera.id}&last_event_id=0`, ok: 200, shows: ghost }),
    hidden(`GET ${events}/ws`, { query: `camera_id=${camera.id}`, ok: 400 }),
    own(`POST ${events}/ws-ticket`, { ok: 200 }),
    hidden(`PUT ${events}/:id/review`, { ok: 200 }),
    nothing(`POST ${events}/review`, { body: { ids: [Number(ids.events)] }, ok: 200, shows: `"ids":[${ids.events}]` }),
    hidden(`DELETE ${events}/:id/review`, { ok: 204 }),
  ];
}

function luna({ camera, ids }: Ours): AccessSample[] {
  const analytics = [{ analytic_name: 'seen' }];
  const linked = { group_id: ids.groupId, stream_ids: [camera.uuid], action: 'link' };
  return [
    nothing('GET /1/streams', { ok: 200, shows: camera.uuid }),
    nothing('GET /1/streams/count', { query: `group_id=${ids.groupId}`, ok: 200, shows: '"streams_count":1' }),
    nothing('GET /1/streams/logs', { ok: 200, shows: camera.uuid }),
    hidden('GET /1/streams/:streamId', { ok: 200, shows: camera.uuid }),
    // Nobody works on it.
    hidden('GET /1/streams/:streamId/agent', { ok: 409 }),
    hidden('GET /1/streams/:streamId/preview', { ok: 200 }),
    hidden('POST /1/streams/:streamId/ticket', { ok: 200 }),
    hidden('GET /1/ws', { query: `stream_id=${camera.uuid}`, ok: 400 }),
    hidden('PUT /1/streams/:streamId', { body: { analytics }, ok: 200 }),
    hidden('PATCH /1/streams/:streamId', { query: 'action=stop', ok: 200 }),
    // Goes with its camera only.
    hidden('DELETE /1/streams/:streamId', { ok: 409 }),
    hidden('PATCH /1/groups/linker', { body: linked, ok: 200 }),
    own('POST /1/streams', { body: { analytics, data: { reference: 'exec:rm' } }, ok: 400 }),
    own('GET /1/groups', { ok: 200 }),
    ...['/config', '/configs', '/1/config'].map((url) => own(`GET ${url}`, { ok: 200 })),
    ...['/plugins', '/1/plugins'].map((url) => own(`GET ${url}`, { ok: 200 })),
    own('GET /1/groups/:groupId', { ok: 200 }),
    own('POST /1/groups', { body: {}, ok: 400 }),
    own('GET /1/analytics', { ok: 200 }),
    own('GET /1/analytics/:analyticId', { ok: 200 }),
    own('POST /1/analytics', { body: {}, ok: 400 }),
    own('PUT /1/analytics/:analyticId', { body: { analytic_name: 'seen' }, ok: 200 }),
    own('GET /1/agents', { ok: 200 }),
    own('GET /1/agents/:agentId', { ok: 200 }),
    own('POST /1/agents', { as: 'admin', body: {}, ok: 400 }),
    nothing('POST /1/agents/:agentId/streams', { as: 'admin', ok: 200 }),
    nothing('POST /1/agents/:agentId/feedback', {
      as: 'admin',
      body: { feedback: [{ stream_id: camera.uuid, version: 1, status: 'done' }] },
      ok: 200,
    }),
    nothing('DELETE /1/streams/logs', { ok: 204 }),
    hidden('DELETE /1/streams/logs', { query: `stream_id=${camera.uuid}`, ok: 204 }),
  ];
}

function appsAndRules({ camera }: Ours): AccessSample[] {
  const rules = '/api/v1/rules';
  const rule = { name: 'rule-of-ours', url: 'http://127.0.0.1:19997/', camera_ids: [camera.id] };
  const internal = '/api/v1/internal/camera-agent';
  const id = `camera_id=${camera.id}`;
  return [
    nothing(`GET ${rules}`, { ok: 200, shows: 'rule-of-ours' }),
    hidden(`POST ${rules}`, { body: rule, ok: 201 }),
    hidden(`GET ${rules}/:ruleId`, { ok: 200, shows: 'rule-of-ours' }),
    hidden(`PUT ${rules}/:ruleId`, { body: rule, ok: 200 }),
    hidden(`GET ${rules}/:ruleId/deliveries`, { ok: 200, shows: 'msg_' }),
    hidden(`GET ${rules}/:ruleId/deliveries/:deliveryId`, { ok: 200, shows: 'msg_' }),
    hidden(`POST ${rules}/:ruleId/deliveries/:deliveryId/redeliver`, { ok: 202 }),
    service('POST /api/v1/apps/register', { body: {}, ok: 400 }),
    service('GET /api/v1/apps', { ok: 200 }),
    service('GET /api/v1/apps/:appId/config', { ok: 200 }),
    service('GET /api/v1/apps/:appId/status', { ok: 200 }),
    admin('PUT /api/v1/apps/:appId/config', { body: [] }),
    admin('POST /api/v1/apps/:appId/enable', { ok: 200 }),
    admin('POST /api/v1/apps/:appId/disable', { ok: 200 }),
    admin('POST /api/v1/apps/:appId/actions/:action', { body: [] }),
    // No adapter is there: all questions of rights are before that.
    hidden('POST /api/v1/infer/:adapter', { body: { camera_id: camera.id, frame_b64: 'AA==' }, ok: 502 }),
    hidden('POST /api/v1/infer/:adapter', { body: { camera_id: camera.id }, ok: 502 }),
    own('GET /api/v1/infer/:adapter/stream', { ok: 400 }),
    own('GET /api/v1/adapters', { ok: 200, shows: '"health_status":"unreachable"' }),
    own('GET /api/v1/ai/capabilities', { ok: 200, shows: '"local_only"' }),
    service(`GET ${internal}/cameras`, { ok: 200 }),
    service(`GET ${internal}/detect-config`, { ok: 200 }),
    service(`POST ${internal}/events`, { body: {}, ok: 422 }),
    service(`GET ${internal}/events`, { ok: 200 }),
    service(`GET ${internal}/events/:id/evidence`, { ok: 200 }),
    service(`GET ${internal}/recordings/frame`, { query: `${id}&at=0`, ok: 404 }),
  ];
}

/** What is done in another way here, and says so. */
function elsewhere(): AccessSample[] {
  return [
    ...['integrations', 'ai-detection-results'].map((name) => admin(`GET /api/v1/${name}`, { ok: 501 })),
    ...['permissions', 'system/shutdown', 'system/reboot', 'adapters/register', 'adapters/refresh'].map((name) =>
      admin(`POST /api/v1/${name}`, { ok: 501 }),
    ),
    ...['install', 'uninstall'].map((name) => admin(`POST /api/v1/apps/index/:appId/${name}`, { ok: 404 })),
    admin('GET /api/v1/apps/index/:appId/install-status', { ok: 404 }),
    admin('PUT /api/v1/permissions/:permission', { ok: 501 }),
    admin('DELETE /api/v1/permissions/:permission', { ok: 501 }),
    admin('DELETE /api/v1/adapters/:adapter', { ok: 501 }),
    admin('GET /api/v1/apps/index', { ok: 200, shows: '{"apps":[]}' }),
  ];
}

function people({ ids }: Ours): AccessSample[] {
  return [
    own('GET /api/v1/auth/me', { ok: 200 }),
    own('GET /api/v1/users/me', { ok: 200 }),
    own('GET /api/v1/users/me/permissions', { ok: 200 }),
    own('PUT /api/v1/users/me', { body: { email: 'x' }, ok: 422 }),
    admin('POST /api/v1/auth/register'),
    own('GET /api/v1/audit-logs', { ok: 200 }),
    own('POST /api/v1/auth/change-password', { body: {}, ok: 422 }),
    own('POST /api/v1/auth/mfa/setup', { ok: 200 }),
    own('POST /api/v1/auth/mfa/verify', { body: {}, ok: 422 }),
    own('POST /api/v1/auth/mfa/recovery-codes', { body: {}, ok: 422 }),
    own('POST /api/v1/auth/mfa/disable', { body: {}, ok: 422 }),
    admin('GET /api/v1/users', { ok: 200 }),
    admin('GET /api/v1/users/:userId', { ok: 200 }),
    admin('GET /api/v1/users/:userId/cameras', { ok: 200 }),
    admin('POST /api/v1/users'),
    admin('PUT /api/v1/users/:userId', { body: { role_id: 'x' } }),
    admin('PUT /api/v1/users/:userId/cameras'),
    admin('POST /api/v1/users/:userId/activate', { ok: 200 }),
    admin('GET /api/v1/roles', { ok: 200 }),
    admin('GET /api/v1/roles/:roleId', { ok: 200 }),
    admin('POST /api/v1/roles'),
    admin('PUT /api/v1/roles/:roleId', { body: { name: 1 } }),
    admin('GET /api/v1/permissions', { ok: 200 }),
    admin('GET /api/v1/permissions/roles/:roleId', { ok: 200 }),
    admin('PUT /api/v1/permissions/roles/:roleId'),
    admin('GET /api/v1/password-policy', { ok: 200 }),
    admin('GET /api/v1/system/events', { ok: 200, shows: '"events":[' }),
    admin('GET /api/v1/system/monitoring-settings', { ok: 200, shows: '"cpu_percent_threshold":' }),
    admin('PUT /api/v1/system/monitoring-settings', { body: { enabled: 'x' } }),
    admin('GET /api/v1/system/posture', { ok: 200, shows: 'local_only' }),
    admin('GET /api/v1/system/resources', { ok: 200, shows: '"cpu_percent":' }),
    admin('GET /api/v1/system/resources/history', { query: 'minutes=60', ok: 200, shows: '"points":[' }),
    admin('PUT /api/v1/password-policy', { body: { min_length: 'x' } }),
    admin('GET /api/v1/api-keys', { ok: 200, shows: String(ids.keyId) }),
    admin('POST /api/v1/api-keys'),
  ];
}

function ends(): AccessSample[] {
  return [
    hidden('DELETE /api/v1/rules/:ruleId', { ok: 204 }),
    hidden('DELETE /api/v1/exports/:id', { ok: 204 }),
    hidden('DELETE /api/v1/cameras/:reference/permissions/:userId', { ok: 200 }),
    hidden('DELETE /api/v1/recordings/playback/hls/:session', { ok: 204 }),
    hidden('DELETE /api/v1/recordings/protections/:id', { ok: 204 }),
    own('DELETE /1/groups/:groupId', { ok: 204 }),
    // The camera's stream names it.
    own('DELETE /1/analytics/:analyticId', { ok: 409 }),
    own('DELETE /1/agents/:agentId', { as: 'admin', ok: 204 }),
    admin('DELETE /api/v1/api-keys/:keyId', { ok: 204 }),
    // One that comes with the NVR.
    admin('DELETE /api/v1/roles/:roleId', { ok: 409 }),
    admin('DELETE /api/v1/cameras/:reference', { ok: 200 }),
    admin('POST /api/v1/cameras/:reference/restore', { ok: 200 }),
    own('POST /api/v1/auth/logout', { ok: 200 }),
    admin('DELETE /api/v1/users/:userId', { ok: 200 }),
  ];
}
