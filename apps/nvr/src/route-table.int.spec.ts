import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeclaredRoute } from '@nightjar/auth';
import { until } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from './test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const names = (kind: string) =>
  nvr.routes
    .filter(({ method, policy }) => method !== 'HEAD' && policy.kind === kind)
    .map(({ method, url }) => `${method} ${url}`)
    .sort();

/** What a key needs for a route; undefined: no key opens it. */
const scopeOf = ({ policy }: DeclaredRoute) => (policy.kind === 'authenticated' && !policy.usersOnly ? policy.scope : undefined);

async function makeKey(scope: string): Promise<string> {
  const answer = await nvr.fetch('/api/v1/api-keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: scope, scopes: [scope], camera_ids: 'all' }),
  });
  return ((await answer.json()) as { key: string }).key;
}

describe('the routes of the NVR', () => {
  it('are open to everybody only where they must be', () => {
    expect(names('public')).toEqual([
      'GET /',
      'GET /.well-known/jwks.json',
      'GET /assets/page-1a2b.js',
      'GET /docs',
      'GET /docs/assets/:file',
      'GET /docs/errors',
      'GET /docs/openapi.json',
      'GET /health',
      'GET /healthcheck',
      'GET /livez',
      'GET /openapi.json',
      'GET /readyz',
      'GET /version',
      'POST /api/v1/auth/check-setup',
      'POST /api/v1/auth/first-time-setup',
      'POST /api/v1/auth/login',
      'POST /api/v1/auth/login-json',
      'POST /api/v1/auth/refresh',
    ]);
  });

  it('are these for users', () => {
    expect(names('authenticated')).toEqual([
      'DELETE /1/agents/:agentId',
      'DELETE /1/analytics/:analyticId',
      'DELETE /1/groups/:groupId',
      'DELETE /1/streams/:streamId',
      'DELETE /1/streams/logs',
      'DELETE /api/v1/cameras/:reference/permissions/:userId',
      'DELETE /api/v1/events/:id/review',
      'DELETE /api/v1/exports/:id',
      'DELETE /api/v1/recordings/playback/hls/:session',
      'DELETE /api/v1/recordings/protections/:id',
      'DELETE /api/v1/rules/:ruleId',
      'GET /1/agents',
      'GET /1/agents/:agentId',
      'GET /1/analytics',
      'GET /1/analytics/:analyticId',
      'GET /1/config',
      'GET /1/groups',
      'GET /1/groups/:groupId',
      'GET /1/plugins',
      'GET /1/streams',
      'GET /1/streams/:streamId',
      'GET /1/streams/:streamId/agent',
      'GET /1/streams/:streamId/preview',
      'GET /1/streams/count',
      'GET /1/streams/logs',
      'GET /1/ws',
      'GET /api/v1/adapters',
      'GET /api/v1/ai/capabilities',
      'GET /api/v1/apps',
      'GET /api/v1/apps/:appId/config',
      'GET /api/v1/apps/:appId/status',
      'GET /api/v1/audit-logs',
      'GET /api/v1/auth/me',
      'GET /api/v1/camera-config',
      'GET /api/v1/cameras',
      'GET /api/v1/cameras/:reference',
      'GET /api/v1/cameras/:reference/:setting',
      'GET /api/v1/cameras/:reference/capabilities',
      'GET /api/v1/cameras/:reference/decode',
      'GET /api/v1/cameras/:reference/live',
      'GET /api/v1/cameras/:reference/live.mjpeg',
      'GET /api/v1/cameras/:reference/live/:file',
      'GET /api/v1/cameras/:reference/mediamtx-status',
      'GET /api/v1/cameras/:reference/permissions',
      'GET /api/v1/cameras/:reference/permissions/check',
      'GET /api/v1/cameras/:reference/snapshot',
      'GET /api/v1/cameras/:reference/stream/urls',
      'GET /api/v1/cameras/assignable-skills',
      'GET /api/v1/cameras/by-ip/:ip',
      'GET /api/v1/events',
      'GET /api/v1/events/:id/evidence',
      'GET /api/v1/events/latest',
      'GET /api/v1/events/stream',
      'GET /api/v1/events/ws',
      'GET /api/v1/exports',
      'GET /api/v1/exports/:id',
      'GET /api/v1/exports/:id/file',
      'GET /api/v1/infer/:adapter/stream',
      'GET /api/v1/internal/camera-agent/cameras',
      'GET /api/v1/internal/camera-agent/detect-config',
      'GET /api/v1/internal/camera-agent/events',
      'GET /api/v1/internal/camera-agent/events/:id/evidence',
      'GET /api/v1/internal/camera-agent/recordings/frame',
      'GET /api/v1/recordings/:reference',
      'GET /api/v1/recordings/:reference/clip.mp4',
      'GET /api/v1/recordings/:reference/frame.jpg',
      'GET /api/v1/recordings/calendar',
      'GET /api/v1/recordings/export',
      'GET /api/v1/recordings/files/:file',
      'GET /api/v1/recordings/frame',
      'GET /api/v1/recordings/list',
      'GET /api/v1/recordings/playback/cameras',
      'GET /api/v1/recordings/playback/hls',
      'GET /api/v1/recordings/playback/hls/:session/:file',
      'GET /api/v1/recordings/playback/list',
      'GET /api/v1/recordings/playback/url',
      'GET /api/v1/recordings/protections',
      'GET /api/v1/recordings/segments/:reference',
      'GET /api/v1/recordings/sessions-for-ai',
      'GET /api/v1/recordings/stats',
      'GET /api/v1/recordings/status/:reference',
      'GET /api/v1/recordings/storage',
      'GET /api/v1/recordings/thumbnails',
      'GET /api/v1/recordings/thumbnails/sprite.jpg',
      'GET /api/v1/rules',
      'GET /api/v1/rules/:ruleId',
      'GET /api/v1/rules/:ruleId/deliveries',
      'GET /api/v1/rules/:ruleId/deliveries/:deliveryId',
      'GET /api/v1/streams/:reference/info',
      'GET /api/v1/streams/hls/:reference',
      'GET /api/v1/streams/playback-token/:reference',
      'GET /api/v1/streams/token/:reference',
      'GET /api/v1/streams/webrtc/:reference',
      'GET /api/v1/users/me',
      'GET /api/v1/users/me/permissions',
      'GET /config',
      'GET /configs',
      'GET /plugins',
      'PATCH /1/groups/linker',
      'PATCH /1/streams/:streamId',
      'POST /1/agents',
      'POST /1/agents/:agentId/feedback',
      'POST /1/agents/:agentId/streams',
      'POST /1/analytics',
      'POST /1/groups',
      'POST /1/streams',
      'POST /1/streams/:streamId/ticket',
      'POST /api/v1/apps/register',
      'POST /api/v1/auth/change-password',
      'POST /api/v1/auth/logout',
      'POST /api/v1/auth/mfa/disable',
      'POST /api/v1/auth/mfa/recovery-codes',
      'POST /api/v1/auth/mfa/setup',
      'POST /api/v1/auth/mfa/verify',
      'POST /api/v1/cameras/:reference/events/subscribe',
      'POST /api/v1/cameras/:reference/live/ticket',
      'POST /api/v1/cameras/:reference/permissions',
      'POST /api/v1/cameras/:reference/probe-transport',
      'POST /api/v1/cameras/:reference/provision-mediamtx',
      'POST /api/v1/cameras/:reference/ptz/move',
      'POST /api/v1/cameras/:reference/ptz/stop',
      'POST /api/v1/cameras/:reference/reboot',
      'POST /api/v1/cameras/:reference/snapshot-url',
      'POST /api/v1/cameras/:reference/test-connection',
      'POST /api/v1/events/review',
      'POST /api/v1/events/ws-ticket',
      'POST /api/v1/exports',
      'POST /api/v1/exports/:id/cancel',
      'POST /api/v1/exports/:id/ticket',
      'POST /api/v1/infer/:adapter',
      'POST /api/v1/internal/camera-agent/events',
      'POST /api/v1/recordings/export/ticket',
      'POST /api/v1/recordings/protections',
      'POST /api/v1/recordings/ticket',
      'POST /api/v1/rules',
      'POST /api/v1/rules/:ruleId/deliveries/:deliveryId/redeliver',
      'PUT /1/analytics/:analyticId',
      'PUT /1/streams/:streamId',
      'PUT /api/v1/events/:id/review',
      'PUT /api/v1/recordings/flag',
      'PUT /api/v1/rules/:ruleId',
      'PUT /api/v1/users/me',
    ]);
    expect(names('superuser')).toEqual([
      'DELETE /api/v1/adapters/:adapter',
      'DELETE /api/v1/api-keys/:keyId',
      'DELETE /api/v1/cameras/:reference',
      'DELETE /api/v1/permissions/:permission',
      'DELETE /api/v1/recordings/orphans',
      'DELETE /api/v1/roles/:roleId',
      'DELETE /api/v1/users/:userId',
      'GET /api/v1/ai-detection-results',
      'GET /api/v1/api-keys',
      'GET /api/v1/apps/index',
      'GET /api/v1/apps/index/:appId/install-status',
      'GET /api/v1/cameras/deleted',
      'GET /api/v1/integrations',
      'GET /api/v1/password-policy',
      'GET /api/v1/permissions',
      'GET /api/v1/permissions/roles/:roleId',
      'GET /api/v1/recordings/config',
      'GET /api/v1/recordings/orphans',
      'GET /api/v1/recordings/retention',
      'GET /api/v1/recordings/schedule',
      'GET /api/v1/roles',
      'GET /api/v1/roles/:roleId',
      'GET /api/v1/system/events',
      'GET /api/v1/system/monitoring-settings',
      'GET /api/v1/system/posture',
      'GET /api/v1/system/resources',
      'GET /api/v1/system/resources/history',
      'GET /api/v1/users',
      'GET /api/v1/users/:userId',
      'GET /api/v1/users/:userId/cameras',
      'POST /api/v1/adapters/refresh',
      'POST /api/v1/adapters/register',
      'POST /api/v1/api-keys',
      'POST /api/v1/apps/:appId/actions/:action',
      'POST /api/v1/apps/:appId/disable',
      'POST /api/v1/apps/:appId/enable',
      'POST /api/v1/apps/index/:appId/install',
      'POST /api/v1/apps/index/:appId/uninstall',
      'POST /api/v1/auth/register',
      'POST /api/v1/cameras',
      'POST /api/v1/cameras/:reference/hard-delete',
      'POST /api/v1/cameras/:reference/restore',
      'POST /api/v1/cameras/discover',
      'POST /api/v1/cameras/profiles',
      'POST /api/v1/cameras/test-connection',
      'POST /api/v1/permissions',
      'POST /api/v1/recordings/orphans/attach',
      'POST /api/v1/roles',
      'POST /api/v1/system/reboot',
      'POST /api/v1/system/shutdown',
      'POST /api/v1/users',
      'POST /api/v1/users/:userId/activate',
      'PUT /api/v1/apps/:appId/config',
      'PUT /api/v1/cameras/:reference',
      'PUT /api/v1/cameras/:reference/transport-security',
      'PUT /api/v1/password-policy',
      'PUT /api/v1/permissions/:permission',
      'PUT /api/v1/permissions/roles/:roleId',
      'PUT /api/v1/roles/:roleId',
      'PUT /api/v1/system/monitoring-settings',
      'PUT /api/v1/users/:userId',
      'PUT /api/v1/users/:userId/cameras',
    ]);
  });

  it('answer 401 without a token wherever they are not public, whatever the method', async () => {
    for (const { method, policy, url } of nvr.routes) {
      if (policy.kind === 'public') continue;
      const answer = await fetch(`${nvr.url}${url.replace(/:\w+/g, '1')}`, { method });
      expect([method, url, answer.status]).toEqual([method, url, 401]);
    }
  });

  it('are open to API keys only where they name a scope', () => {
    const scoped = nvr.routes
      .filter(({ method }) => method !== 'HEAD')
      .flatMap((route) => (scopeOf(route) ? [`${scopeOf(route)} ${route.url}`] : []));
    expect(scoped.sort()).toEqual([
      'audit:read /api/v1/audit-logs',
      'cameras:read /1/analytics',
      'cameras:read /1/analytics/:analyticId',
      'cameras:read /1/groups',
      'cameras:read /1/groups/:groupId',
      'cameras:read /1/streams',
      'cameras:read /1/streams/:streamId',
      'cameras:read /1/streams/:streamId/agent',
      'cameras:read /1/streams/:streamId/preview',
      'cameras:read /1/streams/:streamId/ticket',
      'cameras:read /1/streams/count',
      'cameras:read /1/streams/logs',
      'cameras:read /1/ws',
      'cameras:read /api/v1/camera-config',
      'cameras:read /api/v1/cameras',
      'cameras:read /api/v1/cameras/:reference',
      'cameras:read /api/v1/cameras/:reference/decode',
      'cameras:read /api/v1/cameras/:reference/live',
      'cameras:read /api/v1/cameras/:reference/live.mjpeg',
      'cameras:read /api/v1/cameras/:reference/live/:file',
      'cameras:read /api/v1/cameras/:reference/mediamtx-status',
      'cameras:read /api/v1/cameras/:reference/permissions/check',
      'cameras:read /api/v1/cameras/:reference/snapshot',
      'cameras:read /api/v1/cameras/:reference/snapshot-url',
      'cameras:read /api/v1/cameras/assignable-skills',
      'cameras:read /api/v1/cameras/by-ip/:ip',
      'events:read /api/v1/events',
      'events:read /api/v1/events/:id/evidence',
      'events:read /api/v1/events/latest',
      'events:read /api/v1/events/stream',
      'events:read /api/v1/events/ws',
      'inference:run /api/v1/adapters',
      'inference:run /api/v1/ai/capabilities',
      'inference:run /api/v1/infer/:adapter',
      'inference:run /api/v1/infer/:adapter/stream',
      'internal /api/v1/internal/camera-agent/cameras',
      'internal /api/v1/internal/camera-agent/detect-config',
      'internal /api/v1/internal/camera-agent/events',
      'internal /api/v1/internal/camera-agent/events',
      'internal /api/v1/internal/camera-agent/events/:id/evidence',
      'internal /api/v1/internal/camera-agent/recordings/frame',
      'recordings:read /api/v1/exports',
      'recordings:read /api/v1/exports',
      'recordings:read /api/v1/exports/:id',
      'recordings:read /api/v1/exports/:id',
      'recordings:read /api/v1/exports/:id/cancel',
      'recordings:read /api/v1/exports/:id/file',
      'recordings:read /api/v1/exports/:id/ticket',
      'recordings:read /api/v1/recordings/:reference',
      'recordings:read /api/v1/recordings/:reference/clip.mp4',
      'recordings:read /api/v1/recordings/:reference/frame.jpg',
      'recordings:read /api/v1/recordings/calendar',
      'recordings:read /api/v1/recordings/export',
      'recordings:read /api/v1/recordings/export/ticket',
      'recordings:read /api/v1/recordings/files/:file',
      'recordings:read /api/v1/recordings/frame',
      'recordings:read /api/v1/recordings/list',
      'recordings:read /api/v1/recordings/playback/cameras',
      'recordings:read /api/v1/recordings/playback/hls',
      'recordings:read /api/v1/recordings/playback/hls/:session',
      'recordings:read /api/v1/recordings/playback/hls/:session/:file',
      'recordings:read /api/v1/recordings/playback/list',
      'recordings:read /api/v1/recordings/playback/url',
      'recordings:read /api/v1/recordings/segments/:reference',
      'recordings:read /api/v1/recordings/sessions-for-ai',
      'recordings:read /api/v1/recordings/stats',
      'recordings:read /api/v1/recordings/status/:reference',
      'recordings:read /api/v1/recordings/thumbnails',
      'recordings:read /api/v1/recordings/thumbnails/sprite.jpg',
      'rules:manage /api/v1/rules',
      'rules:manage /api/v1/rules',
      'rules:manage /api/v1/rules/:ruleId',
      'rules:manage /api/v1/rules/:ruleId',
      'rules:manage /api/v1/rules/:ruleId',
      'rules:manage /api/v1/rules/:ruleId/deliveries',
      'rules:manage /api/v1/rules/:ruleId/deliveries/:deliveryId',
      'rules:manage /api/v1/rules/:ruleId/deliveries/:deliveryId/redeliver',
      'streams:manage /1/agents',
      'streams:manage /1/agents',
      'streams:manage /1/agents/:agentId',
      'streams:manage /1/agents/:agentId',
      'streams:manage /1/agents/:agentId/feedback',
      'streams:manage /1/agents/:agentId/streams',
      'streams:manage /1/analytics',
      'streams:manage /1/analytics/:analyticId',
      'streams:manage /1/analytics/:analyticId',
      'streams:manage /1/config',
      'streams:manage /1/groups',
      'streams:manage /1/groups/:groupId',
      'streams:manage /1/groups/linker',
      'streams:manage /1/plugins',
      'streams:manage /1/streams',
      'streams:manage /1/streams/:streamId',
      'streams:manage /1/streams/:streamId',
      'streams:manage /1/streams/:streamId',
      'streams:manage /1/streams/logs',
      'streams:manage /config',
      'streams:manage /configs',
      'streams:manage /plugins',
    ]);
  });

  it('answer 403 to an API key without the scope, and to every key where none is named', async () => {
    const scopes = ['cameras:read', 'recordings:read', 'events:read', 'streams:manage', 'inference:run'];
    const keys = new Map(await Promise.all(scopes.map(async (scope) => [scope, await makeKey(scope)] as const)));
    for (const route of nvr.routes) {
      if (route.policy.kind === 'public') continue;
      for (const [scope, key] of keys) {
        const url = `${nvr.url}${route.url.replace(/:\w+/g, '1')}`;
        const answer = await fetch(url, { method: route.method, headers: { 'x-api-key': key } });
        await answer.body?.cancel();
        expect([route.method, route.url, scope, answer.status === 403]).toEqual([route.method, route.url, scope, scopeOf(route) !== scope]);
        expect(answer.status).not.toBe(401);
      }
    }
  });

  it('answer 404 as JSON for what is not there, also under /api', async () => {
    for (const path of [
      '/api/v1/nothing',
      '/api/v1/recordings',
      '/nothing',
      '/.env',
      '/assets/../../package.json',
      '/assets/%2e%2e/index.html',
    ]) {
      const answer = await fetch(`${nvr.url}${path}`);
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 404, 'application/json; charset=utf-8']);
    }
  });

  it('serve the dashboard: its page anew each time, its assets for ever', async () => {
    const page = await fetch(`${nvr.url}/`);
    expect([page.headers.get('content-type'), page.headers.get('cache-control'), await page.text()]).toEqual([
      'text/html; charset=utf-8',
      'no-cache',
      '<!doctype html><title>site</title>',
    ]);
    const again = await fetch(`${nvr.url}/`, { headers: { 'if-none-match': page.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
    const asset = await fetch(`${nvr.url}/assets/page-1a2b.js`);
    expect([asset.headers.get('content-type'), asset.headers.get('cache-control')]).toEqual([
      'text/javascript; charset=utf-8',
      'public, max-age=31536000, immutable',
    ]);
  });

  it('carry headers that keep a browser from guessing, framing and telling', async () => {
    const { headers } = await fetch(`${nvr.url}/health`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  it('say ready when database and bus are there', async () => {
    // What takes longer than a second to say that it is there is not.
    let answer = await fetch(`${nvr.url}/readyz`);
    await until(async () => answer.ok || (answer = await fetch(`${nvr.url}/readyz`)).ok);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ready', checks: { database: 'ok', bus: 'ok' } }]);
  });
});
