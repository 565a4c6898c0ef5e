import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FfmpegProcess, findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { startTestCamera, until } from '@nightjar/testing';
import { WebSocket } from 'ws';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

const compiledRecorder = fileURLToPath(new URL('../../dist/recorder.main.js', import.meta.url));

let nvr: TestNvr;
let ffmpeg: FfmpegBinary;
let yard: Awaited<ReturnType<typeof startTestCamera>>;
let watched: Awaited<ReturnType<typeof startTestCamera>>;
let recorder: ChildProcess;
/** May see the yard, and nothing else. */
let viewer: { id: number; token: string };

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  [yard, watched, nvr] = await Promise.all([startTestCamera(), startTestCamera(), startTestNvr({ cameraNetworks: ['127.0.0.0/8'] })]);
  for (const [name, { url }] of Object.entries({ yard, watched }))
    await post('/api/v1/cameras', { name, rtsp_url: url, frames_name: name, recording_enabled: name === 'yard' });
  const { id } = (await (await post('/api/v1/users', { username: 'viewer', password: adminPassword })).json()) as { id: number };
  await nvr.database.cameraGrant.create({ data: { userId: id, cameraId: 1 } });
  viewer = { id, token: await logIn(nvr.url, { username: 'viewer', password: adminPassword }) };
  const { config } = nvr;
  recorder = fork(compiledRecorder, [], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: config.databaseUrl,
      NATS_URL: config.natsUrl,
      NIGHTJAR_SECRET_KEY: config.secretKey,
      NIGHTJAR_RECORDINGS_DIR: config.recordingsDir,
      NIGHTJAR_FRAMES_DIR: config.framesDir,
      NIGHTJAR_RECORDER_PORT: '0',
      NIGHTJAR_CAMERA_NETWORKS: '127.0.0.0/8',
      NIGHTJAR_LOG_LEVEL: 'error',
    },
  });
  await until(() => yard.sessionCount > 0, 30_000);
}, 60_000);
afterAll(async () => {
  recorder.kill('SIGTERM');
  await once(recorder, 'exit');
  await Promise.all([yard.close(), watched.close()]);
  await nvr.stop();
});

async function post(route: string, body: unknown): Promise<Response> {
  const answer = await nvr.fetch(route, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

type Told = { event: string; mime?: string; duration_ms?: number; session?: number };

/** One viewer of a camera on a WebSocket. */
class Watching {
  static readonly open: Watching[] = [];
  readonly told: Told[] = [];
  readonly media: Buffer[] = [];
  closedWith: number | undefined;
  refused: number | undefined;

  constructor(readonly socket: WebSocket) {
    Watching.open.push(this);
    socket.on('message', (data: Buffer, isBinary) =>
      isBinary ? this.media.push(data) : this.told.push(JSON.parse(data.toString('utf8')) as Told),
    );
    socket.on('close', (code) => (this.closedWith = code));
    socket.on('unexpected-response', (request, response) => {
      this.refused = response.statusCode;
      request.destroy();
    });
    socket.on('error', () => undefined);
  }
}

function watch(reference: string, headers: Record<string, string> = { authorization: `Bearer ${nvr.token}` }, query = ''): Watching {
  return new Watching(new WebSocket(`${nvr.url.replace('http', 'ws')}/api/v1/cameras/${reference}/live${query}`, { headers }));
}

afterEach(() => {
  for (const { socket } of Watching.open.splice(0)) socket.terminate();
});

/** Pictures that FFmpeg can decode, with what it says of them. */
async function countFrames(input: string[]): Promise<{ frames: number; said: string }> {
  const process = FfmpegProcess.start({ ffmpeg, arguments: [...input, '-f', 'rawvideo', '-vf', 'scale=16:16,format=gray', 'pipe:1'] });
  let bytes = 0;
  for await (const chunk of process.pipes[0] ?? []) bytes += (chunk as Buffer).length;
  return { frames: bytes / 256, said: (await process.exited).stderrTail };
}

const fetchAs = (token: string, route: string) => fetch(`${nvr.url}${route}`, { headers: { authorization: `Bearer ${token}` } });
const live = (file: string, reference = 'yard') => `/api/v1/cameras/${reference}/live/${file}`;

describe('a live view', () => {
  it('of a camera that is recorded begins with its last key frame at once, and costs no connection more for any viewer', async () => {
    await until(async () => (await nvr.database.segment.count()) > 0, 30_000);
    const first = watch('yard');
    const startedMs = performance.now();
    await until(() => first.media.length >= 2);
    const delayMs = performance.now() - startedMs;
    const second = watch('yard');
    await until(() => second.media.length >= 12 && first.media.length >= 12);
    expect(first.told).toEqual([...first.told.filter(({ event }) => event === 'waiting'), expect.objectContaining({ event: 'begin' })]);
    expect(first.told.at(-1)?.mime).toMatch(/^video\/mp4; codecs="avc1\.[0-9a-f]{6}"$/);
    expect(yard.sessionCount).toBe(1);
    // A key frame a second, and 300 ms; what this machine adds under load is not the point.
    expect(delayMs).toBeLessThan(1_300 * 3);
    const file = path.join(nvr.config.recordingsDir, 'watched.mp4');
    await writeFile(file, Buffer.concat(second.media));
    const { frames, said } = await countFrames(['-i', file]);
    expect(said).toBe('');
    expect(frames).toBeGreaterThan(30);
  });

  it('of a camera that is not recorded connects to it for as long as somebody watches, and leaves no recording', async () => {
    expect(watched.sessionCount).toBe(0);
    const viewers = [watch('watched'), watch('watched')];
    await until(() => viewers.every(({ media }) => media.length >= 4), 20_000);
    expect(watched.sessionCount).toBe(1);
    for (const { socket } of viewers) socket.close();
    await until(() => watched.sessionCount === 0, 40_000);
    expect(await nvr.database.segment.count({ where: { cameraId: 2 } })).toBe(0);
  }, 70_000);
});
