import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { generateApiKey, hashApiKey } from '@nightjar/auth';
import { until } from '@nightjar/testing';
import { apiKey, GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { scopes } from './api-keys.js';
import { startNvrTokens, type NvrTokens } from './nvr-tokens.fixture.js';

const result = '/v0.2/results/video/none';
const pictures = { images: [{ data_base64: 'AAAA' }] };

describe('a caller of the job API', () => {
  let services: GatewayServices;
  let nvr: NvrTokens;
  let fixture: GatewayFixture | undefined;

  beforeAll(async () => {
    services = await startGatewayServices();
    nvr = await startNvrTokens();
  });
  afterEach(async () => {
    await fixture?.stopAndRemoveMedia();
    fixture = undefined;
  });
  afterAll(async () => {
    await nvr?.stop();
    await services?.stop();
  });

  /** Counts begin anew with a gateway. */
  const start = async (callers: Parameters<typeof GatewayFixture.start>[0]['callers'] = {}) => {
    fixture = await GatewayFixture.start({ ...services, callers: { jwksUrl: nvr.jwksUrl, ...callers } });
    return fixture;
  };
  const get = (headers: Record<string, string>, route = result) => fetch(`${fixture?.gateway.url}${route}`, { headers });
  const bearer = (credential: string) => ({ Authorization: `Bearer ${credential}` });
  const storeKey = async (columns: { requestsPerMinute?: number; tenantId?: number } = {}) => {
    const key = generateApiKey();
    const sha256 = Uint8Array.from(hashApiKey(key));
    await fixture?.database.apiKey.create({
      data: { name: 'test', prefix: key.slice(0, 11), sha256, scopes: [scopes.readJobs], ...columns },
    });
    return key;
  };
  const rateHeaders = (response: Response) => [response.headers.get('RateLimit-Policy'), response.headers.get('RateLimit')];

  describe('with a token of the NVR', () => {
    it('makes and sees the jobs of its tenant, and they are its own', async () => {
      const { gateway, database } = await start();
      const submitted = await fetch(`${gateway.url}/v0.2/request/images`, {
        method: 'POST',
        headers: { ...bearer(nvr.sign({ uid: 42, tid: 3 })), 'Content-Type': 'application/json' },
        body: JSON.stringify(pictures),
      });
      const { job_id: jobId } = (await submitted.json()) as { job_id: string };
      expect(submitted.status).toBe(202);
      expect(await database.job.findUniqueOrThrow({ where: { id: jobId } })).toMatchObject({ tenantId: 3, userId: 42, apiKeyId: null });
      const location = submitted.headers.get('Location') ?? '';
      expect((await get(bearer(nvr.sign({ uid: 43, tid: 3 })), location)).status).toBe(200);
      expect((await get(bearer(nvr.sign({ uid: 42, tid: 4 })), location)).status).toBe(404);
      expect((await get({ 'X-API-Key': apiKey }, location)).status).toBe(404);
    });

    it('is refused when the token is expired, foreign or for something else', async () => {
      await start();
      const stranger = await startNvrTokens();
      for (const claims of [{ exp: 1 }, { aud: 'other' }, { iss: 'other' }, { typ: 'refresh' }, { tid: 'all' }])
        expect((await get(bearer(nvr.sign(claims)))).status).toBe(401);
      expect((await get(bearer(stranger.sign()))).status).toBe(401);
      await stranger.stop();
    });

    it('is asked to come again while the keys of tokens were never seen', async () => {
      await start({ jwksUrl: 'http://127.0.0.1:9/jwks.json' });
      const response = await get(bearer(nvr.sign()));
      expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '10']);
    });

    it('does not lose what it may by also being known with a key behind Bearer', async () => {
      await start();
      expect((await get(bearer(apiKey))).status).toBe(404);
      expect((await get({ ...bearer(nvr.sign()), 'X-API-Key': 'a-wrong-key' })).status).toBe(401);
    });
  });

  describe('that asks often', () => {
    it('is told on every answer how often it still may, and when to come again', async () => {
      await start({ requestsPerMinute: 3 });
      const startedAtMs = performance.now();
      const answers = [
        await get({ 'X-API-Key': apiKey }),
        await get({ 'X-API-Key': apiKey }, '/v1/nothing'),
        await get({ 'X-API-Key': apiKey }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
      expect(rateHeaders(answers[0] as Response)).toEqual(['"default";q=3;w=60', '"default";r=2;t=20']);
      // No route, nobody asked who calls.
      expect(rateHeaders(answers[1] as Response)).toEqual([null, null]);
      await get({ 'X-API-Key': apiKey });
      const refused = await get({ 'X-API-Key': apiKey });
      expect([refused.status, rateHeaders(refused)[0]]).toEqual([429, '"default";q=3;w=60']);
      // There is one again 20 s after the first.
      const elapsedSeconds = (performance.now() - startedAtMs) / 1_000;
      expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(20 - elapsedSeconds);
      expect(Number(refused.headers.get('Retry-After'))).toBeLessThanOrEqual(20);
      expect(await refused.json()).toMatchObject({ error: { code: 'rate_limited' } });
    });

    it('has a number of its own if its key has one, and its own count', async () => {
      await start({ requestsPerMinute: 2 });
      const [frequent, other] = [await storeKey({ requestsPerMinute: 50 }), await storeKey()];
      for (let index = 0; index < 50; index++) expect((await get({ 'X-API-Key': frequent })).status).toBe(404);
      // Every 1.2 s it gets one more: on a machine that is loaded some are there again.
      await until(async () => (await get({ 'X-API-Key': frequent })).status === 429);
      expect((await get({ 'X-API-Key': other })).status).toBe(404);
      const user = bearer(nvr.sign());
      expect([(await get(user)).status, (await get(user)).status, (await get(user)).status]).toEqual([404, 404, 429]);
      expect((await get(bearer(nvr.sign({ uid: 8 })))).status).toBe(404);
    });

    it('counts also where it is refused for its scopes, and never at the health routes', async () => {
      await start({ requestsPerMinute: 1 });
      const key = await storeKey();
      const refused = await get({ 'X-API-Key': key }, '/v1/keys');
      expect([refused.status, ...rateHeaders(refused)]).toEqual([403, '"default";q=1;w=60', '"default";r=0;t=60']);
      expect((await get({ 'X-API-Key': key }, '/v1/keys')).status).toBe(429);
      for (const route of ['/livez', '/readyz']) expect((await get({ 'X-API-Key': key }, route)).status).toBe(200);
    });
  });

  describe('that tries keys out', () => {
    it('has 20 looked up of 10,000, and keeps no one with a known key from working', async () => {
      const { database } = await start();
      const known = { 'X-API-Key': apiKey };
      expect((await get(known)).status).toBe(404);
      const startedMs = performance.now();
      const statuses: Record<number, number> = {};
      for (let batch = 0; batch < 100; batch++) {
        const answers = await Promise.all(Array.from({ length: 100 }, () => get({ 'X-API-Key': generateApiKey() })));
        for (const answer of answers) {
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
          await answer.arrayBuffer();
        }
        if (batch % 10 === 0) expect((await get(known)).status).toBe(404);
      }
      const refilled = Math.ceil(((performance.now() - startedMs) / 60_000) * 20);
      expect(statuses[401]).toBeGreaterThanOrEqual(20);
      expect(statuses[401]).toBeLessThanOrEqual(20 + refilled);
      expect((statuses[401] ?? 0) + (statuses[429] ?? 0)).toBe(10_000);
      // Every 3 s one more is looked up: if it is due just now, the first takes it. More than 3 s may pass between the two.
      await until(async () => {
        const neverSeen = await storeKey();
        await get({ 'X-API-Key': generateApiKey() });
        const { status, headers } = await get({ 'X-API-Key': neverSeen });
        if (status !== 429) return false;
        expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
        const sha256 = Uint8Array.from(hashApiKey(neverSeen));
        expect(await database.apiKey.findUniqueOrThrow({ where: { sha256 } })).toMatchObject({ lastUsedAt: null });
        return true;
      });
    });

    it('is not taken for one that shows a right key for the first time, however many requests do at once', async () => {
      await start();
      const keys = await Promise.all(Array.from({ length: 5 }, () => storeKey()));
      const answers = await Promise.all(Array.from({ length: 100 }, (_none, index) => get({ 'X-API-Key': keys[index % 5] ?? '' })));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 404));
      for (let index = 0; index < 40; index++) expect((await get({ 'X-API-Key': await storeKey() })).status).toBe(404);
    });

    it('gains nothing by naming other addresses, unless a proxy we trust does it', async () => {
      /** Every 3 s one more is looked up: of 40, 20 are refused less those. */
      const tryKeys = async (forwardedFor: (index: number) => string) => {
        const startedAtMs = performance.now();
        let refused = 0;
        for (let index = 0; index < 40; index++) {
          const { status } = await get({ 'X-API-Key': generateApiKey(), 'X-Forwarded-For': forwardedFor(index) });
          if (status === 429) refused++;
        }
        return { refused, refusedMin: 20 - Math.ceil((performance.now() - startedAtMs) / 3_000) };
      };
      const expectHeld = ({ refused, refusedMin }: Awaited<ReturnType<typeof tryKeys>>) => {
        expect(refused).toBeGreaterThanOrEqual(refusedMin);
        expect(refused).toBeLessThanOrEqual(20);
      };
      await start();
      expectHeld(await tryKeys((index) => `192.0.2.${index}`));
      await fixture?.stopAndRemoveMedia();
      await start({ trustedProxies: ['127.0.0.0/8'] });
      expect((await tryKeys((index) => `192.0.2.${index}`)).refused).toBe(0);
      // What the client itself wrote stands further left, and is not believed.
      expectHeld(await tryKeys((index) => `198.51.100.${index}, 203.0.113.9`));
    });

    it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'])('is nobody with the key %s', async (key) => {
      await start();
      expect((await get({ 'X-API-Key': key })).status).toBe(401);
      expect((await get(bearer(key))).status).toBe(401);
    });
  });

  it('shows its key in the header of the settings', async () => {
    await start({ keyHeader: 'X-Noxo-Key' });
    expect((await get({ 'X-Noxo-Key': apiKey })).status).toBe(404);
    const refused = await get({ 'X-API-Key': apiKey });
    expect([refused.status, refused.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="nightjar"']);
    expect(await refused.text()).toContain('X-Noxo-Key');
  });
});
