import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodingTold } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const documentedId = /^[0-9]{10},[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/;

let nvr: TestNvr;
beforeAll(async () => {
  nvr = await startTestNvr();
});
afterAll(() => nvr.stop());

const open = async (route: string, init: RequestInit = {}) => {
  const answer = await fetch(`${nvr.url}${route}`, init);
  return { status: answer.status, headers: answer.headers, body: (await answer.json().catch(() => undefined)) as Record<string, unknown> };
};

describe('what the manager tells of itself', () => {
  it('is its API level, to everybody', async () => {
    const { body, headers, status } = await open('/version');
    expect([status, body]).toEqual([200, { Version: { api: 1, major: 0, minor: 3, patch: 4 } }]);
    expect(headers.get('x-nightjar-version')).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('is how it is, and on demand whether an agent is there', async () => {
    // What takes longer than a second to say that it is well counts as what is not.
    const whenWell = async (query: string) => {
      let answer = await open(`/healthcheck${query}`);
      await until(async () => {
        const isWell = !/database|bus/.test(String(answer.body.detail));
        if (!isWell) answer = await open(`/healthcheck${query}`);
        return isWell;
      });
      return answer;
    };
    for (const query of ['', '?include_luna_services=0'])
      expect(await whenWell(query)).toMatchObject({ status: 200, body: { execution_time: expect.any(Number) } });
    const alone = await whenWell('?include_luna_services=1');
    expect(alone.status).toBe(502);
    expect(alone.body).toMatchObject({ desc: 'Unhealthy', detail: 'Not well: luna-video-agent', execution_time: expect.any(Number) });
    expect(alone.body.components).toContainEqual({
      component: 'luna-video-agent',
      status: 502,
      error: { desc: 'no agent of ours is heard' },
    });
    // It counts for 15 s: agents tell it again and again.
    await until(async () => {
      nvr.bus.publish(decodingTold, { agent_id: 'ours', streams: [] });
      return (await open('/healthcheck?include_luna_services=1')).status === 200;
    });
    for (const wrong of ['2', 'true', '', '0x1', '1&include_luna_services=0'])
      expect(await open(`/healthcheck?include_luna_services=${wrong}`)).toMatchObject({ status: 400, body: { error_code: 12022 } });
  });

  it('is its settings, as JSON or text under each of their names, without secrets, to who manages streams', async () => {
    const headers = { authorization: `Bearer ${nvr.token}` };
    for (const route of ['/config', '/configs', '/1/config']) {
      const { body, headers: answered } = await open(route, { headers });
      expect(answered.get('vary')).toContain('Accept');
      expect(Object.keys(body)[0]).toBe('INFLUX_MONITORING');
      expect(body).toMatchObject({ LUNA_VIDEO_MANAGER_SETTINGS: { FRAMES_PER_SECOND: 2, CAMERA_NETWORKS: '10.0.0.0/8' } });
      const asText = await nvr.fetch(route, { headers: { accept: 'text/plain' } });
      expect(asText.headers.get('content-type')).toContain('text/plain');
      const text = await asText.text();
      expect(text).toContain('[INFLUX_MONITORING]\nSEND_DATA_FOR_MONITORING = 0\n');
      const { password } = new URL(nvr.config.databaseUrl);
      expect(password.length).toBeGreaterThan(0);
      for (const secret of [`:${password}@`, nvr.config.secretKey, nvr.config.framesDir])
        for (const shown of [text, JSON.stringify(body)]) expect(shown).not.toContain(secret);
      expect(await open(route, { headers: { ...headers, accept: 'application/xml' } })).toMatchObject({
        status: 400,
        body: { error_code: 12023 },
      });
    }
    for (const route of ['/plugins', '/1/plugins']) expect((await open(route, { headers })).body).toEqual({ plugins: [] });
  });

  it('is closed to strangers and to who only looks, with the errors and request ids of that surface', async () => {
    const password = 'correct horse battery';
    const json = { 'content-type': 'application/json' };
    await nvr.fetch('/api/v1/users', { method: 'POST', headers: json, body: JSON.stringify({ username: 'guest', password }) });
    const guest = { authorization: `Bearer ${await logIn(nvr.url, { username: 'guest', password })}` };
    for (const route of ['/config', '/configs', '/1/config', '/plugins', '/1/plugins']) {
      expect(await open(route)).toMatchObject({ status: 401, body: { error_code: 401, link: '/docs/errors#code-401' } });
      expect((await open(route, { headers: guest })).status).toBe(403);
    }
    for (const route of ['/version', '/healthcheck', '/config', '/plugins?x=1', '/1/nope']) {
      expect((await open(route)).headers.get('luna-request-id')).toMatch(documentedId);
      expect((await open(route, { headers: { 'Luna-Request-Id': 'mine' } })).headers.get('luna-request-id')).toBe('mine');
    }
    const wrong = await open('/version', { method: 'POST' });
    expect([wrong.status, wrong.headers.get('allow'), wrong.body.error_code]).toEqual([405, 'GET, HEAD', 12021]);
    // The NVR's own pages beside them are none of that surface.
    expect((await open('/health')).headers.get('luna-request-id')).toBeNull();
  });
});
