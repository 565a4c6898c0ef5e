import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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

describe('the routes of the NVR', () => {
  it('are open to everybody only where they must be', () => {
    expect(names('public')).toEqual([
      'GET /',
      'GET /.well-known/jwks.json',
      'GET /assets/page-1a2b.js',
      'GET /health',
      'GET /livez',
      'GET /readyz',
      'POST /api/v1/auth/login',
      'POST /api/v1/auth/login-json',
    ]);
  });

  it('are these for users', () => {
    expect(names('authenticated')).toEqual([
      'GET /api/v1/auth/me',
      'GET /api/v1/cameras',
      'GET /api/v1/cameras/:reference',
      'GET /api/v1/cameras/:reference/snapshot',
      'GET /api/v1/events/:id/evidence',
      'GET /api/v1/events/latest',
      'GET /api/v1/events/stream',
      'GET /api/v1/recordings/:reference',
      'GET /api/v1/recordings/files/:file',
      'POST /api/v1/recordings/ticket',
    ]);
    expect(names('superuser')).toEqual(['DELETE /api/v1/cameras/:reference', 'POST /api/v1/cameras', 'PUT /api/v1/cameras/:reference']);
  });

  it('answer 401 without a token wherever they are not public, whatever the method', async () => {
    for (const { method, policy, url } of nvr.routes) {
      if (policy.kind === 'public') continue;
      const answer = await fetch(`${nvr.url}${url.replace(/:\w+/g, '1')}`, { method });
      expect([method, url, answer.status]).toEqual([method, url, 401]);
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
    const answer = await fetch(`${nvr.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ready', checks: { database: 'ok', bus: 'ok' } }]);
  });
});
