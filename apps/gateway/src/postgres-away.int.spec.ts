import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { CuttableRoad } from './cuttable-road.fixture.js';
import { GatewayFixture, startGatewayServices, type GatewayServices } from './gateway.fixture.js';

describe('while Postgres is away', () => {
  let services: GatewayServices;
  let road: CuttableRoad;
  let fixture: GatewayFixture;
  let jobId: string;

  beforeAll(async () => {
    services = await startGatewayServices();
    road = new CuttableRoad(new URL(services.databaseUrl));
    fixture = await GatewayFixture.start({ databaseUrl: await road.open(), natsUrl: services.natsUrl });
    jobId = await fixture.submitVideo('submitted before');
    await road.cut();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await road?.cut();
    await services?.stop();
  });

  const submit = () => fixture.request('/v0.2/request/video', { method: 'POST', body: 'x', headers: { 'Content-Type': 'video/mp4' } });

  it('every request is told to come again in a second, and none is a 500', async () => {
    const requests = [
      () => fixture.request(`/v0.2/results/video/${jobId}`),
      submit,
      () =>
        fixture.request('/v0.2/request/images', {
          method: 'POST',
          body: '{"images":[{"data_base64":"AAAA"}]}',
          headers: { 'Content-Type': 'application/json' },
        }),
      // A key that nobody remembers has to be looked up.
      () => fixture.request(`/v0.2/results/video/${jobId}`, { headers: { 'X-API-Key': 'a-key-that-was-never-seen' } }),
    ];
    for (const request of requests) {
      const response = await request();
      expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '1']);
      expect(await response.json()).toMatchObject({ error: { code: 'unavailable' } });
    }
  });

  it('agents are told so too', async () => {
    await expect(fixture.claim()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('the gateway lives and is not ready', async () => {
    expect((await fetch(`${fixture.gateway.url}/livez`)).status).toBe(200);
    const ready = await fetch(`${fixture.gateway.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ checks: { database: 'failed', bus: 'ok' } });
  });

  it('nothing is lost, and the gateway comes back by itself', async () => {
    await road.open();
    await until(async () => (await fetch(`${fixture.gateway.url}/readyz`)).status === 200);
    expect((await fixture.claimWork()).job_id).toBe(jobId);
    expect((await submit()).status).toBe(202);
  });

  it('a gateway whose connections are all at work is ready all the same', async () => {
    const requests = await fixture.database.$transaction(
      async (transaction) => {
        await transaction.$executeRaw`LOCK TABLE jobs.api_key IN ACCESS EXCLUSIVE MODE`;
        // Twice as many as the pool holds: each looks for a key that nobody remembers.
        const waiting = Array.from({ length: 20 }, (_, number) =>
          fixture.request(`/v0.2/results/video/${jobId}`, { headers: { 'X-API-Key': `a-key-that-was-never-seen-${number}` } }),
        );
        await until(async () => (await blockedQueries(transaction)) >= 10);
        expect((await fetch(`${fixture.gateway.url}/readyz`)).status).toBe(200);
        return waiting;
      },
      { timeout: 120_000 },
    );
    await Promise.all(requests);
  });

  async function blockedQueries(database: Pick<GatewayFixture['database'], '$queryRaw'>): Promise<number> {
    const [row] = await database.$queryRaw<{ blocked: number }[]>`SELECT count(*)::int AS blocked FROM pg_locks WHERE NOT granted`;
    return row?.blocked ?? 0;
  }
});
