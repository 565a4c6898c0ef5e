import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { apiKey, GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';

const uploadBytesMax = 8 * 1024 ** 2;
const chunk = randomBytes(64 * 1024);

/** A body of that many bytes that is never in memory as a whole. */
function bodyOf(bytes: number): Readable {
  return Readable.from(
    (function* () {
      for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk.subarray(0, Math.min(chunk.length, bytes - sent));
    })(),
  );
}

async function* concatenated(start: Buffer, rest: Readable): AsyncGenerator<Buffer> {
  yield start;
  yield* rest as AsyncIterable<Buffer>;
}

describe('an upload', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;

  beforeAll(async () => {
    services = await startGatewayServices();
    fixture = await GatewayFixture.start({ ...services, config: { uploadBytesMax } });
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await services?.stop();
  });

  /** Sends with node:http, which reads the answer while it still sends. */
  function send(options: {
    body: Readable;
    route?: string;
    headers?: Record<string, string | number>;
  }): Promise<{ status: number | undefined; body: string }> {
    const { body, route = '/v0.2/request/video', headers } = options;
    return new Promise((resolve, reject) => {
      const request = http.request(
        `${fixture.gateway.url}${route}`,
        { method: 'POST', agent: false, headers: { 'X-API-Key': apiKey, 'Content-Type': 'video/mp4', ...headers } },
        (response) => {
          let text = '';
          response.on('data', (part: Buffer) => (text += part.toString()));
          response.on('end', () => {
            resolve({ status: response.statusCode, body: text });
            request.destroy();
            body.destroy();
          });
        },
      );
      request.on('error', reject);
      body.pipe(request);
    });
  }

  const nothingIsLeft = async () => (await fixture.mediaFiles()).length === 0 && (await fixture.database.job.count()) === 0;

  it('over the limit by its Content-Length is refused before it is read', async () => {
    const answer = await send({ body: bodyOf(chunk.length), headers: { 'Content-Length': uploadBytesMax + 1024 ** 2 } });
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
    await until(nothingIsLeft);
  });

  it('over the limit as it streams is refused and removed, and its sender still reads the answer', async () => {
    const answer = await send({ body: bodyOf(5 * uploadBytesMax) });
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
    await until(nothingIsLeft);
  });

  it('of 0 bytes is refused, with and without Content-Length', async () => {
    const declared: Record<string, string | number>[] = [{ 'Content-Length': 0 }, { 'Transfer-Encoding': 'chunked' }];
    for (const headers of declared) {
      const answer = await send({ body: Readable.from([]), headers });
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('invalid_argument')]);
    }
    expect(await nothingIsLeft()).toBe(true);
  });

  it('without a key is refused before it is read', async () => {
    const answer = await send({ body: bodyOf(100 * uploadBytesMax), headers: { 'X-API-Key': 'not-a-key-of-this-server' } });
    expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('unauthenticated')]);
    expect(await nothingIsLeft()).toBe(true);
  });

  it.each<Record<string, string | number>>([{ 'Content-Length': 5_000_000 }, { 'Transfer-Encoding': 'chunked' }])(
    'whose sender goes away in the middle leaves no file and no row (%j)',
    async (length) => {
      const request = http.request(`${fixture.gateway.url}/v0.2/request/video`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, 'Content-Type': 'video/mp4', ...length },
      });
      request.on('error', () => undefined);
      for (let sent = 0; sent < 20; sent++) request.write(chunk);
      await until(async () => (await fixture.mediaFiles()).some((file) => file.startsWith('.incoming/')));
      request.destroy();
      await until(nothingIsLeft);
    },
  );

  describe('as a form', () => {
    const boundary = 'boundary-of-the-test';
    const part = (disposition: string, content: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
    const end = `--${boundary}--\r\n`;
    const videoPart = part('name="video"; filename="clip.mp4"', 'bytes of a video');
    const headers = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };
    const sendForm = (form: string) => send({ body: Readable.from([Buffer.from(form)]), headers });

    it.each([
      ['a part video', videoPart],
      ['a part file', part('name="file"; filename="clip.mp4"', 'bytes of a video')],
      ['fields before and behind it', part('name="note"', 'a') + videoPart + part('name="later"', 'b')],
    ])('is taken with %s', async (_name, parts) => {
      const answer = await sendForm(parts + end);
      expect(answer.status).toBe(202);
      const { job_id: jobId } = JSON.parse(answer.body) as { job_id: string };
      expect(await readFile(path.join(fixture.mediaDir, `${jobId}/video`), 'utf8')).toBe('bytes of a video');
    });

    it.each([
      ['no file', part('name="note"', 'a') + end, 400],
      ['a file of another name', part('name="picture"; filename="a.jpg"', 'x') + end, 400],
      ['an empty file', part('name="video"; filename="clip.mp4"', '') + end, 400],
      ['two files', videoPart + videoPart + end, 400],
      ['an end that is missing', videoPart, 400],
      ['ten thousand fields', videoPart + part('name="a"', 'b').repeat(10_000) + end, 400],
      ['a webhook that leads inside, before the video', part('name="webhook.url"', 'http://127.0.0.1/hook') + videoPart + end, 422],
      ['one behind the video', videoPart + part('name="webhook[url]"', 'http://127.0.0.1/hook') + end, 422],
    ])('is refused with %s, and nothing is left', async (_name, form, status) => {
      const before = await fixture.mediaFiles();
      expect((await sendForm(form)).status).toBe(status);
      expect(await fixture.mediaFiles()).toEqual(before);
      expect(await fixture.database.job.count()).toBe(0);
    });

    it('over the limit is refused and removed', async () => {
      const before = await fixture.mediaFiles();
      const start = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="video"; filename="clip.mp4"\r\n\r\n`);
      const answer = await send({ body: Readable.from(concatenated(start, bodyOf(uploadBytesMax + chunk.length))), headers });
      expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
      expect(await fixture.mediaFiles()).toEqual(before);
    });

    it('whose sender goes away in the middle leaves nothing', async () => {
      const before = await fixture.mediaFiles();
      const request = http.request(`${fixture.gateway.url}/v0.2/request/video`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, ...headers },
      });
      request.on('error', () => undefined);
      request.write(`--${boundary}\r\nContent-Disposition: form-data; name="video"; filename="clip.mp4"\r\n\r\n`);
      for (let sent = 0; sent < 20; sent++) request.write(chunk);
      await until(async () => (await fixture.mediaFiles()).some((file) => file.startsWith('.incoming/')));
      request.destroy();
      await until(async () => (await fixture.mediaFiles()).length === before.length);
      expect(await fixture.database.job.count()).toBe(0);
    });
  });

  it('of a batch over 128 MiB is refused before it is read', async () => {
    const answer = await send({
      route: '/v0.2/request/images',
      body: bodyOf(chunk.length),
      headers: { 'Content-Type': 'application/json', 'Content-Length': 128 * 1024 ** 2 + 1 },
    });
    expect([answer.status, answer.body]).toEqual([413, expect.stringContaining('payload_too_large')]);
  });

  it('with an image over 20 MiB fails that image alone', async () => {
    const jobId = await fixture.submitImages([
      { data_base64: Buffer.alloc(20 * 1024 ** 2 + 1).toString('base64') },
      { data_base64: Buffer.alloc(20 * 1024 ** 2).toString('base64') },
    ]);
    expect(await fixture.poll(jobId)).toMatchObject({
      status: 'queued',
      items: [{ status: 'failed', error: { code: 'image_too_large' } }, { status: 'queued' }],
    });
  });
});
