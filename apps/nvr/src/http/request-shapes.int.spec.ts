import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminPassword, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

async function ask(method: string, pathname: string, init: RequestInit = {}) {
  const answer = await nvr.fetch(pathname, { method, ...init });
  const text = await answer.text();
  const body = (answer.headers.get('content-type') ?? '').includes('json') ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: answer.status, allow: answer.headers.get('allow'), body };
}

describe('a body of JSON that is empty', () => {
  it.each([
    ['POST', '/api/v1/events/ws-ticket', 200],
    ['DELETE', '/api/v1/cameras/999', 404],
    ['POST', '/api/v1/cameras', 422],
    ['PUT', '/api/v1/users/me', 422],
    ['POST', '/api/v1/auth/login', 422],
    ['POST', '/api/v1/auth/refresh', 401],
    ['POST', '/api/v1/rules', 422],
    ['PATCH', '/1/streams/70c75b04-1ec8-4aa1-930c-ddad9e47b54b?action=resume', 404],
  ])('is no body: %s %s is %i', async (method, pathname, status) => {
    expect(await ask(method, pathname, { headers: json, body: '' })).toMatchObject({ status });
  });

  it('is what any route answers for, and breaks none', async () => {
    const writing = nvr.routes.filter(({ method, url }) => !['GET', 'HEAD'].includes(method) && !url.includes('/logout'));
    expect(writing.length).toBeGreaterThan(60);
    for (const { method, url } of writing) {
      const { body, status } = await ask(method, url.replace(/:\w+/g, '999999'), { headers: json, body: '' });
      expect([method, url, status === 500, JSON.stringify(body)]).toEqual([
        method,
        url,
        false,
        expect.not.stringContaining('cannot be empty'),
      ]);
    }
  });
});

describe('a form', () => {
  it('is read where OAuth2 has one, and nowhere else', async () => {
    const credentials = { username: 'admin', password: adminPassword };
    const body = new URLSearchParams(credentials);
    expect((await fetch(`${nvr.url}/api/v1/auth/login`, { method: 'POST', body })).status).toBe(200);
    expect((await ask('POST', '/api/v1/auth/login', { headers: json, body: JSON.stringify(credentials) })).status).toBe(200);
    for (const pathname of ['/api/v1/auth/login-json', '/api/v1/cameras', '/api/v1/users', '/api/v1/events/ws-ticket'])
      expect([pathname, (await ask('POST', pathname, { body })).status]).toEqual([pathname, 415]);
    const camera = new URLSearchParams({ name: 'gate', rtsp_url: 'rtsp://10.0.0.1/gate' });
    expect(await ask('POST', '/api/v1/cameras', { body: camera })).toMatchObject({
      status: 415,
      body: { detail: 'Unsupported media type: send application/json' },
    });
    expect(await nvr.database.camera.count()).toBe(0);
    expect((await ask('POST', '/api/v1/nothing', { body })).status).toBe(404);
  });

  it.each(['text/plain', 'multipart/form-data; boundary=b', 'application/octet-stream', 'text/plain; charset=application/json'])(
    'is no more welcome as %s',
    async (type) => {
      const init = { headers: { 'content-type': type }, body: '{"username":"admin","password":"x"}' };
      for (const pathname of ['/api/v1/auth/login', '/api/v1/cameras'])
        expect([pathname, (await ask('POST', pathname, init)).status]).toEqual([pathname, 415]);
    },
  );

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=b', 'application/xml'])(
    'is a bad content type for the manager: %s',
    async (type) => {
      const init = { headers: { 'content-type': type }, body: 'name=gate' };
      for (const pathname of ['/1/streams', '/1/agents', '/1/groups'])
        expect(await ask('POST', pathname, init)).toMatchObject({ status: 400, body: { error_code: 12017 } });
    },
  );

  it('without a byte is no body, as `curl -d` sends it', async () => {
    expect((await ask('POST', '/api/v1/events/ws-ticket', { headers: form, body: '' })).status).toBe(200);
    expect(await ask('POST', '/1/streams', { headers: form, body: '' })).toMatchObject({ body: { error_code: 12030 } });
  });
});

describe('a method that a path does not have', () => {
  it.each([
    ['DELETE', '/api/v1/cameras', 'GET, HEAD, POST'],
    ['DELETE', '/api/v1/cameras/?limit=1', 'GET, HEAD, POST'],
    ['GET', '/api/v1/events/ws-ticket', 'POST'],
    ['PATCH', '/api/v1/rules/1', 'DELETE, GET, HEAD, PUT'],
  ])('is 405 with those that it has: %s %s', async (method, pathname, allow) => {
    const answer = await ask(method, pathname, { headers: json, ...(method !== 'GET' && { body: '{}' }) });
    expect({ ...answer, allow: answer.allow?.split(', ').sort().join(', ') }).toEqual({
      status: 405,
      allow,
      body: { detail: 'Method Not Allowed' },
    });
  });

  it('tells strangers what the document tells them, and of no other path', async () => {
    const { paths } = (await (await fetch(`${nvr.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).filter(([pathname]) => pathname.startsWith('/api/v1/'));
    expect(documented.length).toBeGreaterThan(100);
    const told = new Set(documented.flatMap(([, operations]) => Object.keys(operations)).map((method) => method.toUpperCase()));
    for (const [pathname, operations] of documented) {
      const answer = await fetch(`${nvr.url}${pathname.replace(/\{\w+\}/g, 'x')}`, { method: 'OPTIONS' });
      const allowed = answer.headers.get('allow')?.split(', ') ?? [];
      expect([pathname, answer.status, allowed]).toEqual([
        pathname,
        405,
        expect.arrayContaining(Object.keys(operations).map((method) => method.toUpperCase())),
      ]);
      expect(allowed.filter((method) => method !== 'HEAD' && !told.has(method))).toEqual([]);
    }
    for (const pathname of ['/api/v1/nothing', '/api/v1/cameras/1/2/3/4', '/api/v2/cameras', '/api/v1'])
      expect([pathname, (await fetch(`${nvr.url}${pathname}`, { method: 'DELETE' })).status]).toEqual([pathname, 404]);
  });
});
