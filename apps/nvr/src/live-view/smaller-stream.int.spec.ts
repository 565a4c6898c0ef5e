import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { findFfmpeg, FfmpegProcess } from '@nightjar/media';
import { makeTestVideo, startTestCamera, until } from '@nightjar/testing';
import { WebSocket } from 'ws';
import { startRecorderProcess } from '../recorder-process.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

type TestCamera = Awaited<ReturnType<typeof startTestCamera>>;
let nvr: TestNvr;
let directory: string;
/** Two streams of one camera: 640 and 320 pixels wide. */
let main: TestCamera;
let sub: TestCamera;
const closers: (() => Promise<unknown>)[] = [];
const sockets: WebSocket[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-smaller-stream-'));
  closers.push(() => rm(directory, { recursive: true, force: true }));
  const clip = (width: number) =>
    makeTestVideo({ file: path.join(directory, `${width}.mp4`), seconds: 2, width, height: (width * 9) / 16 });
  const [large, small] = [await clip(640), await clip(320)];
  [main, sub] = (await Promise.all([large, small].map((file) => startTestCamera({ clip: file })))) as [TestCamera, TestCamera];
  for (const device of [main, sub]) closers.push(() => device.close());
  nvr = await startTestNvr({ cameraNetworks: ['127.0.0.0/8'] });
  closers.push(() => nvr.stop());
  const camera = { rtsp_url: main.url, recording_enabled: false, analytics_enabled: false };
  await add({ ...camera, name: 'Both', frames_name: 'both', substream_url: sub.url });
  await add({ ...camera, name: 'One', frames_name: 'one' });
  closers.push(await startRecorderProcess(nvr));
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function add(camera: unknown): Promise<void> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(camera) };
  const answer = await nvr.fetch('/api/v1/cameras?force=true', init);
  const said = await answer.text();
  if (!answer.ok) throw new Error(said);
}

/** What a viewer gets, until there is enough of it to be decoded. @returns what FFmpeg says of it */
async function watch(reference: string, query: string): Promise<string> {
  const headers = { authorization: `Bearer ${nvr.token}` };
  const socket = new WebSocket(`${nvr.url.replace('http', 'ws')}/api/v1/cameras/${reference}/live${query}`, { headers });
  sockets.push(socket);
  const media: Buffer[] = [];
  socket.on('message', (data: Buffer, isBinary) => isBinary && media.push(data));
  socket.on('error', () => undefined);
  await until(() => media.length >= 6);
  const file = path.join(directory, 'seen.mp4');
  await writeFile(file, Buffer.concat(media));
  const ffmpeg = await findFfmpeg();
  if (!ffmpeg) throw new Error('this test needs FFmpeg');
  const decoding = FfmpegProcess.start({
    ffmpeg,
    logLevel: 'info',
    arguments: ['-i', file, '-vf', 'showinfo', '-frames:v', '1', '-f', 'null', '-'],
  });
  return (await decoding.exited).stderrTail;
}

const size = (said: string) => / s:(\d+x\d+)/.exec(said)?.[1];

describe('the smaller stream of a camera', () => {
  it('is what a viewer gets who asks for it, without a connection to the large one', async () => {
    expect(size(await watch('both', '?stream=sub'))).toBe('320x180');
    expect([main.sessionCount, sub.sessionCount]).toEqual([0, 1]);
  });

  it('and the large one are watched side by side, by one connection each', async () => {
    const [large, small] = [await watch('both', ''), await watch('both', '?stream=sub')];
    expect([size(large), size(small)]).toEqual(['640x360', '320x180']);
    // The one of before may be about to go.
    await until(() => main.sessionCount === 1 && sub.sessionCount === 1);
  });

  it('is let go when nobody watches it any more', async () => {
    await until(() => main.sessionCount === 0 && sub.sessionCount === 0);
  });

  it('is the only one, of a camera that has one', async () => {
    expect(size(await watch('one', '?stream=sub'))).toBe('640x360');
    const refused = await nvr.fetch('/api/v1/cameras/both/live?stream=third');
    expect([refused.status, await refused.json()]).toMatchObject([422, { detail: [{ loc: ['query', 'stream'] }] }]);
  });

  it('says nothing of how the camera is', async () => {
    sub.refuse();
    const socket = new WebSocket(`${nvr.url.replace('http', 'ws')}/api/v1/cameras/both/live?stream=sub`, {
      headers: { authorization: `Bearer ${nvr.token}` },
    });
    sockets.push(socket);
    const told: string[] = [];
    socket.on('message', (data: Buffer) => told.push(data.toString('utf8')));
    await until(() => told.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(told).toEqual(['{"event":"waiting"}']);
    expect(await nvr.database.camera.findFirstOrThrow({ where: { framesName: 'both' } })).toMatchObject({ lastProblem: null });
  });
});
