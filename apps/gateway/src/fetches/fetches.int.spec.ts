import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AddressPolicy, CheckedFetch, parseNetwork } from '@nightjar/outbound';
import { until } from '@nightjar/testing';
import { apiKey, GatewayFixture, startGatewayServices, type GatewayServices } from '../gateway.fixture.js';
import { PartialVideo } from '../uploads/partial-video.js';
import { downloadVideo } from './download-video.js';

const mebibyte = 1024 ** 2;
const video = randomBytes(24 * mebibyte);
const uploadBytesMax = 32 * mebibyte;
const own = parseNetwork('127.0.0.1/32')!;

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** Somebody else's server, which the tests tell what to answer. */
class Origin {
  readonly requests: http.IncomingMessage[] = [];
  answer: Answer = (_request, response) => void response.writeHead(404).end();
  private readonly server = http.createServer((request, response) => {
    this.requests.push(request);
    response.on('error', () => undefined);
    this.answer(request, response);
  });

  async listen(host: string): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, host, resolve));
  }

  get url(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Serves the video with ETag and Range, as any file server does. */
  serve(etag = '"v1"', body: Buffer = video): Answer {
    return (request, response) => {
      const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
      if (start === undefined || request.headers['if-range'] !== etag)
        return void response.writeHead(200, { etag, 'content-length': body.length }).end(body);
      const from = Number(start);
      response.writeHead(206, {
        etag,
        'content-range': `bytes ${from}-${body.length - 1}/${body.length}`,
        'content-length': body.length - from,
      });
      response.end(body.subarray(from));
    };
  }

  /** Sends that much of the video, then nothing more. */
  serveUntil(bytes: number, then: (response: http.ServerResponse) => void): Answer {
    return (_request, response) => {
      response.writeHead(200, { etag: '"v1"', 'content-length': video.length });
      response.write(video.subarray(0, bytes), () => then(response));
    };
  }
}

describe('a video that is submitted by its URL', () => {
  let services: GatewayServices;
  let fixture: GatewayFixture;
  let origin: Origin;
  let canary: Origin;

  const start = (mediaDir?: string) =>
    GatewayFixture.start({
      ...services,
      ...(mediaDir === undefined ? {} : { mediaDir }),
      config: { uploadBytesMax, urlSubmit: { enabled: true, networks: [own] } },
    });

  beforeAll(async () => {
    services = await startGatewayServices();
    origin = new Origin();
    canary = new Origin();
    await origin.listen('127.0.0.1');
    await canary.listen('127.0.0.2');
    fixture = await start();
  });
  afterEach(async () => {
    await fixture.database.job.deleteMany();
    origin.requests.length = 0;
  });
  afterAll(async () => {
    await fixture?.stopAndRemoveMedia();
    await origin?.close();
    await canary?.close();
    await services?.stop();
  });

  const post = (body: unknown, init: RequestInit = {}) =>
    fixture.request('/v0.2/request/video', {
      method: 'POST',
      body: JSON.stringify(body),
      ...init,
      headers: { 'Content-Type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
    });
  const submit = async (url = `${origin.url}/clip.mp4?token=secret`) => {
    const response = await post({ video_url: url });
    expect([response.status, response.headers.get('Location')]).toEqual([202, expect.stringContaining('/v0.2/results/video/video_')]);
    return ((await response.json()) as { job_id: string }).job_id;
  };
  const download = (jobId: string) => fixture.database.jobFetch.findUnique({ where: { jobId } });
  /** A try has failed, and the next one waits. */
  const waitsAgain = async (jobId: string) => {
    const row = await download(jobId);
    return row !== null && row.attempt > 0 && row.leaseId === null;
  };
  const failed = async (jobId: string) => (await fixture.poll(jobId))['status'] === 'failed';
  /** The next try comes at once. After 5 s it comes by itself: it may be under way already, or have been the last. */
  const tryAgain = (jobId: string, attempt?: number) =>
    until(async () => {
      const { count } = await fixture.database.jobFetch.updateMany({
        where: { jobId, attempt: { gt: 0 }, leaseId: null },
        data: { runAfter: new Date(0), ...(attempt === undefined ? {} : { attempt }) },
      });
      return count === 1 || (await fetched(jobId));
    });
  const fetched = async (jobId: string) => (await download(jobId)) === null;
  const stored = (jobId: string) => readFile(path.join(fixture.mediaDir, jobId, 'video'));

  it('is fetched, and no agent gets the job before', async () => {
    const paused = new Promise<http.ServerResponse>((resolve) => (origin.answer = origin.serveUntil(12 * mebibyte, resolve)));
    const jobId = await submit();
    await until(async () => Number((await download(jobId))?.bytesReceived) >= 8 * mebibyte);
    expect(await fixture.poll(jobId)).toMatchObject({ status: 'queued', stage: 'downloading', progress: expect.closeTo(0.333, 1) });
    expect(await fixture.claim()).toBeNull();
    const row = await download(jobId);
    expect(Buffer.from(row?.url ?? []).includes('token')).toBe(false);
    (await paused).end(video.subarray(12 * mebibyte));
    await until(() => fetched(jobId));
    const work = await fixture.claimWork();
    expect(work).toMatchObject({ job_id: jobId, file: `${jobId}/video`, attempt: 1 });
    expect((await stored(jobId)).equals(video)).toBe(true);
    const job = await fixture.database.job.findUniqueOrThrow({ where: { id: jobId } });
    expect([Number(job.sizeBytes), job.stage]).toEqual([video.length, null]);
  });

  it('goes on where its server broke off', async () => {
    origin.answer = origin.serveUntil(20 * mebibyte, (response) => setTimeout(() => response.destroy(), 200));
    const jobId = await submit();
    await until(() => waitsAgain(jobId));
    const held = Number((await download(jobId))?.bytesReceived);
    expect(held).toBeGreaterThanOrEqual(8 * mebibyte);
    origin.answer = origin.serve();
    await tryAgain(jobId);
    await until(() => fetched(jobId));
    expect(origin.requests.at(-1)?.headers).toMatchObject({ range: `bytes=${held}-`, 'if-range': '"v1"' });
    expect((await stored(jobId)).equals(video)).toBe(true);
  });

  it('begins anew when its server has another one by now', async () => {
    origin.answer = origin.serveUntil(20 * mebibyte, (response) => setTimeout(() => response.destroy(), 200));
    const jobId = await submit();
    await until(() => waitsAgain(jobId));
    const other = randomBytes(3 * mebibyte);
    origin.answer = origin.serve('"v2"', other);
    await tryAgain(jobId);
    await until(() => fetched(jobId));
    expect((await stored(jobId)).equals(other)).toBe(true);
  });

  it('is taken over by the next gateway where the first one stopped', async () => {
    origin.answer = origin.serveUntil(20 * mebibyte, () => undefined);
    const jobId = await submit();
    await until(async () => Number((await download(jobId))?.bytesReceived) >= 8 * mebibyte);
    await fixture.stop();
    origin.answer = origin.serve();
    fixture = await start(fixture.mediaDir);
    await until(() => fetched(jobId));
    expect(Number(/\d+/.exec(origin.requests.at(-1)?.headers.range ?? '')?.[0])).toBeGreaterThanOrEqual(8 * mebibyte);
    expect((await stored(jobId)).equals(video)).toBe(true);
  });

  it('follows three redirects and no fourth', async () => {
    const redirects =
      (count: number): Answer =>
      (request, response) => {
        const step = Number(request.url?.slice(1));
        if (step === count) return origin.serve()(request, response);
        response.writeHead(302, { location: `/${step + 1}` }).end();
      };
    origin.answer = redirects(3);
    const jobId = await submit(`${origin.url}/0`);
    await until(() => fetched(jobId));
    expect((await stored(jobId)).equals(video)).toBe(true);
    origin.answer = redirects(4);
    const lost = await submit(`${origin.url}/0`);
    await until(() => failed(lost));
    expect(await fixture.poll(lost)).toMatchObject({ error: { code: 'download_failed', message: expect.stringContaining('redirects') } });
  });

  it('is never fetched from a place that is not allowed, whoever points there', async () => {
    const address = canary.url.replace('http://', '');
    for (const location of [
      canary.url,
      `//${address}/`,
      `http://127.1:${address.split(':')[1]}/`,
      'file:///etc/passwd',
      'gopher://127.0.0.1/',
      'http://[::ffff:7f00:2]/',
    ]) {
      origin.answer = (_request, response) => void response.writeHead(302, { location }).end();
      const jobId = await submit();
      await until(async () => (await failed(jobId)) || (await waitsAgain(jobId)));
      if (!(await failed(jobId))) await tryAgain(jobId, 4);
      await until(() => failed(jobId));
      const { error } = (await fixture.poll(jobId)) as { error: { code: string; message: string } };
      expect(error.code).toBe('download_failed');
      expect(error.message).not.toContain('127.');
    }
    expect(canary.requests).toHaveLength(0);
  });

  it.each<[string, Answer, string]>([
    ['is not there', (_request, response) => void response.writeHead(404).end(), '404'],
    [
      'is too large by what its server says',
      (_request, response) => void response.writeHead(200, { 'content-length': uploadBytesMax + 1 }).write('x'),
      'more than',
    ],
    [
      'is too large as it comes',
      (_request, response) => {
        response.writeHead(200);
        for (let sent = 0; sent <= uploadBytesMax; sent += video.length) response.write(video);
        response.end();
      },
      'more than',
    ],
    ['is a playlist', (_request, response) => void response.end('#EXTM3U\nhttp://127.0.0.1/\n'), 'HLS playlist'],
    ['is empty', (_request, response) => void response.end(), 'empty'],
  ])('that %s fails its job at once and leaves nothing', async (_name, answer, reason) => {
    origin.answer = answer;
    const jobId = await submit();
    await until(() => failed(jobId));
    expect(await fixture.poll(jobId)).toMatchObject({ error: { code: 'download_failed', message: expect.stringContaining(reason) } });
    expect(origin.requests).toHaveLength(1);
    await until(async () => !(await fixture.mediaFiles()).some((file) => file.includes(jobId)));
  });

  it('whose server is away fails its job after the fifth try', async () => {
    origin.answer = (_request, response) => void response.writeHead(503).end();
    const jobId = await submit();
    await until(async () => {
      await fixture.database.jobFetch.updateMany({ where: { jobId, leaseId: null }, data: { runAfter: new Date(0) } });
      return failed(jobId);
    });
    expect(origin.requests).toHaveLength(5);
  });

  it('is dropped when its job is cancelled', async () => {
    let hungUp = false;
    origin.answer = (request, response) => {
      response.once('close', () => (hungUp = true));
      origin.serveUntil(9 * mebibyte, () => undefined)(request, response);
    };
    const jobId = await submit();
    await until(async () => Number((await download(jobId))?.bytesReceived) > 0);
    expect((await fixture.request(`/v1/jobs/${jobId}/cancel`, { method: 'POST' })).status).toBe(202);
    await until(() => hungUp);
    await until(async () => !(await fixture.mediaFiles()).some((file) => file.includes(jobId)));
    expect(await download(jobId)).toBeNull();
  });

  it('is one job however often it is sent with one Idempotency-Key', async () => {
    origin.answer = origin.serve();
    const send = (url: string) => post({ video_url: url }, { headers: { 'Idempotency-Key': 'the same' } });
    const ids = new Set<string>();
    for (let sent = 0; sent < 3; sent++) ids.add(((await (await send(`${origin.url}/a`)).json()) as { job_id: string }).job_id);
    expect(ids.size).toBe(1);
    expect((await send(`${origin.url}/b`)).status).toBe(422);
  });

  it('counts for the bytes of the day when it is there', async () => {
    await fixture.database.usageDay.deleteMany();
    await fixture.database.tenant.upsert({
      where: { id: 1 },
      create: { id: 1, uploadBytesPerDayMax: mebibyte },
      update: { uploadBytesPerDayMax: mebibyte },
    });
    origin.answer = origin.serve('"v1"', video.subarray(0, mebibyte));
    const jobId = await submit();
    await until(() => fetched(jobId));
    const full = await post({ video_url: `${origin.url}/b` });
    expect([full.status, Number(full.headers.get('Retry-After')) > 0]).toEqual([429, true]);
    await fixture.database.tenant.update({ where: { id: 1 }, data: { uploadBytesPerDayMax: null } });
  });

  it.each([
    [{}],
    [{ video_url: 7 }],
    [{ video_url: 'ftp://example.org/a.mp4' }],
    [{ video_url: 'http://user:password@example.org/a.mp4' }],
    [{ video_url: 'http://127.0.0.2/a.mp4' }],
    [{ video_url: 'http://2130706433/a.mp4' }],
    [{ video_url: 'http://169.254.169.254/latest/meta-data/' }],
    [{ video_url: 'http://[::1]/a.mp4' }],
    [{ video_url: 'http://127.0.0.1:6379/' }],
    [[]],
  ])('is refused when the request is %j', async (body) => {
    const response = await post(body);
    expect(response.status).toBe(422);
    expect(await response.text()).not.toContain('password');
    expect(await fixture.database.job.count()).toBe(0);
  });

  it('is refused when its body is larger than any URL, however it is sent', async () => {
    const large = JSON.stringify({ video_url: `https://example.org/${'x'.repeat(70_000)}` });
    expect((await post({}, { body: large })).status).toBe(413);
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const request = http.request(`${fixture.gateway.url}/v0.2/request/video`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' },
      });
      request.on('response', resolve).on('error', reject);
      request.end(large);
    });
    response.resume();
    expect(response.statusCode).toBe(413);
  });

  it('from a server that drips is given up, and what came stays', async () => {
    const drip: NodeJS.Timeout[] = [];
    origin.answer = (_request, response) => {
      response.writeHead(200, { etag: '"v1"' });
      drip.push(setInterval(() => response.write(video.subarray(0, 1)), 20));
    };
    const partial = await PartialVideo.open(path.join(fixture.mediaDir, '.incoming', 'dripping'));
    const saved: number[] = [];
    const downloading = downloadVideo({
      client: new CheckedFetch({
        policy: new AddressPolicy({ networks: [own], ownPorts: new Set() }),
        exchangesMax: 1,
      }),
      url: origin.url,
      partial,
      etag: null,
      bytesMax: uploadBytesMax,
      pace: { bytesPerSecondMin: 1_000, windowMs: 600 },
      saveEveryBytes: mebibyte,
      save: async ({ bytes }) => void saved.push(bytes),
      signal: new AbortController().signal,
    });
    await expect(downloading).rejects.toMatchObject({ code: 'deadline_exceeded' });
    drip.forEach(clearInterval);
    expect(saved).toEqual([partial.sizeBytes]);
    await partial.close();
  });
});
