import { execFile, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClipView } from '@nightjar/contracts';
import { findFfmpeg, probeFile, type FfmpegBinary } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { TestPictureCamera, until } from '@nightjar/testing';
import { describeInit } from '../live-view/codec-string.js';
import { startRecorder } from '../recorder-process.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { CameraRecorder } from './camera-recorder.js';
import { LiveParts } from './live-parts.js';

const run = promisify(execFile);
const credentials = { username: 'watch', password: 'p@ss: w/rd' };

let nvr: TestNvr;
let ffmpeg: FfmpegBinary;
let device: TestPictureCamera;
let recorder: ChildProcess | undefined;

const post = (route: string, body: unknown) =>
  nvr.fetch(route, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  device = await TestPictureCamera.start({ credentials: { ...credentials, scheme: 'digest' } });
  nvr = await startTestNvr({ cameraNetworks: ['127.0.0.0/8'] });
});
afterAll(async () => {
  recorder?.kill('SIGKILL');
  await device?.stop();
  await nvr?.stop();
});

async function closedClips(camera: string): Promise<ClipView[]> {
  const answer = await nvr.fetch(
    `/api/v1/recordings/${camera}?start_unix=${Date.now() / 1_000 - 3_600}&end_unix=${Date.now() / 1_000 + 60}`,
  );
  return ((await answer.json()) as unknown[]).map((clip) => ClipView.parse(clip)).filter(({ open }) => !open);
}

describe('a camera that speaks HTTP', () => {
  it('is tried out like any other', async () => {
    const test = async (body: object) => (await post('/api/v1/cameras/test-connection', { ...credentials, ...body })).json();
    expect(await test({ rtsp_url: device.url('/stream') })).toMatchObject({ success: true, video_codec: 'mjpeg', width: 320, height: 240 });
    expect(await test({ rtsp_url: device.url('/picture') })).toMatchObject({ success: true, width: 320 });
    expect(await test({ rtsp_url: device.url('/page') })).toMatchObject({
      success: false,
      reason: 'the camera sends no pictures at this address, but something else',
    });
    expect(await test({ rtsp_url: device.url('/stream'), password: 'wrong' })).toMatchObject({
      success: false,
      reason: 'the camera refuses the user name or the password',
    });
  });

  it.each([
    ['door', '/stream'],
    ['bell', '/picture'],
  ])('is recorded as H.264 that plays: %s at %s', async (name, at) => {
    const created = await post('/api/v1/cameras', { name, frames_name: name, rtsp_url: device.url(at), ...credentials });
    expect(created.status).toBe(200);
    recorder ??= await startRecorder(nvr, { NIGHTJAR_SEGMENT_SECONDS: '4' });
    await until(async () => (await closedClips(name)).length >= 2);
    for (const clip of (await closedClips(name)).slice(0, 2)) {
      const file = path.join(nvr.config.recordingsDir, `played-${clip.id}.mp4`);
      await writeFile(file, Buffer.from(await (await nvr.fetch(clip.url)).arrayBuffer()));
      const { stderr } = await run(ffmpeg.path, ['-v', 'error', '-i', file, '-f', 'null', '-']);
      expect(stderr).toBe('');
      expect(await probeFile({ ffmpeg, path: file })).toMatchObject({ codec: 'h264', width: 320, height: 240 });
    }
    // A picture has ten seconds to be made, and a recording that ended fifteen seconds ago is none of now.
    let snapshot = await nvr.fetch(`/api/v1/cameras/${name}/snapshot`);
    await until(async () => snapshot.ok || (snapshot = await nvr.fetch(`/api/v1/cameras/${name}/snapshot`)).ok);
    expect([snapshot.status, snapshot.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const view = async () => (await (await nvr.fetch(`/api/v1/cameras/${name}`)).json()) as { status: string };
    await until(async () => (await view()).status === 'online');
    expect(await view()).toMatchObject({ rtsp_url: device.url(at) });
  });

  it('has live video where it is only watched', async () => {
    const live = new LiveParts(systemClock, () => true);
    const url = new URL(device.url('/stream'));
    url.username = credentials.username;
    url.password = encodeURIComponent(credentials.password);
    const watching = new CameraRecorder({
      camera: { id: 9, uuid: '00000000-0000-4000-8000-000000000009', framesName: 'hall', name: 'Hall', rtspUrl: 'http://10.0.0.1/' },
      findUrl: () => Promise.resolve(url.href),
      onProblem: () => undefined,
      ffmpeg,
      root: nvr.config.recordingsDir,
      isRecorded: false,
      segmentMs: 4_000,
      rows: { put: () => undefined },
      live,
      clock: systemClock,
      logger: createLogger({ service: 'recorder', level: 'silent' }),
      random: Math.random,
    });
    watching.start();
    try {
      let init: Buffer = Buffer.alloc(0);
      await until(async () => {
        const { bytes, initBytes } = await live.read({ sessionId: null, afterSeq: -1, offset: 0 }, 1_000);
        init = bytes.subarray(0, initBytes);
        return initBytes > 0;
      });
      expect(describeInit(init).codec).toMatch(/^avc1\./);
    } finally {
      await watching.stop();
    }
  });
});
