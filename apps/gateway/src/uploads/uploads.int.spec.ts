import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, startTestBus, type TestBus, type TestDatabase } from '@nightjar/testing';
import { apiKey, GatewayFixture } from '../gateway.fixture.js';

const uploadBytesMax = 400 * 1024 ** 2;
const chunk = randomBytes(64 * 1024);

/** A body of that many bytes that is never in memory as a whole. */
function bodyOf(bytes: number): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk.subarray(0, Math.min(chunk.length, bytes - sent));
    })(),
  );
}

describe('an upload', () => {
  let testDatabase: TestDatabase;
  let bus: TestBus;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    [testDatabase, bus] = await Promise.all([createTestDatabase(), startTestBus()]);
    fixture = await GatewayFixture.start({ databaseUrl: testDatabase.url, busUrl: bus.url, config: { uploadBytesMax } });
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await bus?.stop();
    await testDatabase?.drop();
  });

  /** Sends with node:http, which reads the answer while it still sends. */
  function send(options: { body: Readable; route?: string; headers?: Record<string, string | number> }): Promise<{ status: number | undefined; body: string }> {
    const { body, route = '/v0.2/request/video', headers } = options;
    return new Promise((resolve, reject) => {
      const request = http.request(`${fixture.gateway.url}${route}`, { method: 'POST', agent: false, headers: { 'X-API-Key': apiKey, 'Content-Type': 'video/mp4', ...headers } }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => {
          resolve({ status: response.statusCode, body: text });
          request.destroy();
          body.destroy();
        });
      });
      request.on('error', reject);
      body.pipe(request);
    });
  }

  const nothingIsLeft = async () => (await fixture.mediaFiles()).length === 0 && (await fixture.database.job.count()) === 0;

  it('of 300 MB goes to disk without going through memory', async () => {
    const bytes = 300 * 1000 ** 2;
    await send({ body: bodyOf(1_000_000) });
    const rssBefore = process.memoryUsage.rss();
    let rssHighest = rssBefore;
    const watch = setInterval(() => (rssHighest = Math.max(rssHighest, process.memoryUsage.rss())), 20);
    const answer = await send({ body: bodyOf(bytes) });
    clearInterval(watch);
    expect(answer.status).toBe(202);
    expect(rssHighest - rssBefore).toBeLessThan(100 * 1000 ** 2);
    const { job_id: jobId } = JSON.parse(answer.body) as { job_id: string };
    const row = await fixture.database.job.findUniqueOrThrow({ where: { id: jobId } });
    expect(Number(row.sizeBytes)).toBe(bytes);
    let stored = 0;
    for await (const part of createReadStream(path.join(fixture.mediaDir, `${jobId}/video`)) as AsyncIterable<Buffer>) stored += part.length;
    expect(stored).toBe(bytes);
    await fixture.finish(await claimUntil(jobId), { state: 'failed', error: { code: 'not_a_video', message: 'random bytes' } });
  });

  async function claimUntil(jobId: string) {
    for (;;) {
      const work = await fixture.claimWork();
      if (work.job_id === jobId) return work;
      await fixture.finish(work, { state: 'failed', error: { code: 'not_a_video', message: 'random bytes' } });
    }
  }

  it('over the limit by its Content-Length is refused before it is read', async () => {
    const answer = await send({ body: bodyOf(chunk.length), headers: { 'Content-Length': uploadBytesMax + 1 } });
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
    await fixture.until(nothingIsLeft);
  });

  it('over the limit as it streams is refused and removed, and its sender still reads the answer', async () => {
    const answer = await send({ body: bodyOf(uploadBytesMax + chunk.length) });
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
    await fixture.until(nothingIsLeft);
  });

  it('of 0 bytes is refused, with and without Content-Length', async () => {
    for (const headers of [{ 'Content-Length': 0 }, { 'Transfer-Encoding': 'chunked' }]) {
      const answer = await send({ body: Readable.from([]), headers });
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('invalid_argument')]);
    }
    expect(await nothingIsLeft()).toBe(true);
  });

  it('without a key is refused before it is read', async () => {
    const answer = await send({ body: bodyOf(uploadBytesMax), headers: { 'X-API-Key': 'not-a-key-of-this-server' } });
    expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('unauthenticated')]);
    expect(await nothingIsLeft()).toBe(true);
  });

  it.each([{ 'Content-Length': 50_000_000 }, { 'Transfer-Encoding': 'chunked' }])('whose sender goes away in the middle leaves no file and no row (%j)', async (length) => {
    const request = http.request(`${fixture.gateway.url}/v0.2/request/video`, { method: 'POST', headers: { 'X-API-Key': apiKey, 'Content-Type': 'video/mp4', ...length } });
    request.on('error', () => undefined);
    for (let sent = 0; sent < 20; sent++) request.write(chunk);
    await fixture.until(async () => (await fixture.mediaFiles()).some((file) => file.startsWith('.incoming/')));
    request.destroy();
    await fixture.until(nothingIsLeft);
  });

  it('of a batch over 128 MiB is refused before it is read', async () => {
    const answer = await send({ route: '/v0.2/request/images', body: bodyOf(chunk.length), headers: { 'Content-Type': 'application/json', 'Content-Length': 128 * 1024 ** 2 + 1 } });
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
  });

  it('with an image over 20 MiB fails that image alone', async () => {
    const jobId = await fixture.submitImages([{ data_base64: Buffer.alloc(20 * 1024 ** 2 + 1).toString('base64') }, { data_base64: Buffer.alloc(20 * 1024 ** 2).toString('base64') }]);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'queued', items: [{ status: 'failed', error: { code: 'image_too_large' } }, { status: 'queued' }] });
  });
});
