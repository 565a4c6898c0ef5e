import { Agent, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdapterFixture } from '../adapter.fixture.js';
import type { AdapterHttp } from '../adapter-http.js';
import { mutate, oipSeeds, seededRandom, type OipMessage } from './oip-mutations.fixture.js';

const rounds = 2_000;
const atOnce = 8;
const testTimeoutMs = 180_000;

describe('damaged requests over HTTP', () => {
  // Not fetch: it takes longer than the server.
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  let fixture: AdapterFixture;
  let http: AdapterHttp;

  beforeAll(async () => {
    fixture = await AdapterFixture.start();
    http = await fixture.open();
  });
  afterAll(async () => {
    agent.destroy();
    await fixture.close();
  });

  const send = (model: string, { body, header }: OipMessage) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = { 'Content-Length': body.length, ...(header === undefined ? {} : { 'Inference-Header-Content-Length': header }) };
      request(`${http.url}/v2/models/${model}/infer`, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
      })
        .on('error', reject)
        .end(body);
    });

  it(
    `answers ${rounds} of them, none with a fault of its own, and serves the next good one`,
    async () => {
      const random = seededRandom(7);
      const models = ['identity', 'identity', 'nanodet', 'object_detection'];
      const { pids } = fixture.pool;
      const answered = new Map<number, number>();
      const one = async (round: number) => {
        const { status, text } = await send(models[round % models.length]!, mutate(oipSeeds[round % oipSeeds.length]!, random));
        answered.set(status, (answered.get(status) ?? 0) + 1);
        if (status !== 200 && typeof (JSON.parse(text) as { error?: unknown }).error !== 'string')
          throw new Error(`round ${round}: ${text}`);
      };
      for (let round = 0; round < rounds; round += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, index) => one(round + index)));
      }
      expect([...answered.keys()].sort()).toEqual([200, 400]);
      expect(answered.get(200)).toBeGreaterThan(rounds / 100);
      expect(fixture.pool.pids).toEqual(pids);
      expect((await send('identity', oipSeeds[0]!)).status).toBe(200);
    },
    testTimeoutMs,
  );
});
