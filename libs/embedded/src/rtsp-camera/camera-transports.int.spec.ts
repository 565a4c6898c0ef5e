import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { findFfmpeg, probeCamera, readUnits, type CameraTransport, type FfmpegBinary } from '@nightjar/media';
import { systemClock } from '@nightjar/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { loadClip, type H264Clip } from './h264-clip.js';
import { renderScenes } from './render-scenes.js';
import { RtspCamera, type RtspCameraOptions } from './rtsp-camera.js';

const framesPerSecond = 15;
let ffmpeg: FfmpegBinary;
let clip: H264Clip;
let camera: RtspCamera;

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('FFmpeg is not installed');
  ffmpeg = found;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clip-'));
  const outputFile = path.join(directory, 'clip.mp4');
  await renderScenes({ ffmpegPath: ffmpeg.path, outputFile, width: 640, height: 360, scenes: [{ seconds: 1 }] });
  clip = await loadClip({ file: outputFile, ffmpegPath: ffmpeg.path, framesPerSecond });
  await rm(directory, { recursive: true });
});
afterEach(() => camera.close());
afterAll(() => expect(camera.sessionCount).toBe(0));

async function start(options: Omit<RtspCameraOptions, 'clip'>): Promise<void> {
  camera = new RtspCamera({ clip, ...options });
  await camera.start();
}

const probe = (transport: CameraTransport | undefined) =>
  probeCamera({ ffmpeg, url: camera.url, transport, signal: AbortSignal.timeout(60_000) }).then(
    ({ codec, height, width }) => `${codec} ${width}x${height}`,
    (error: Error) => error.message,
  );

describe('how a camera sends', () => {
  it.each([
    ['udp', undefined, 'h264 640x360'],
    ['udp', 'udp', 'h264 640x360'],
    ['udp', 'tcp', 'the camera does not send over TCP'],
    ['tcp', 'udp', 'the camera does not send over UDP'],
  ] as const)('is found out or obeyed: one that knows %s, asked for %s', async (transports, wanted, expected) => {
    await start({ transports, credentials: { user: 'ada', password: 'p@ss' }, authentication: 'digest' });
    expect(await probe(wanted)).toBe(expected);
  });

  it('over UDP loses no picture', async () => {
    await start({ transports: 'udp' });
    const timesMs: number[] = [];
    const stopping = new AbortController();
    const reading = readUnits({
      ffmpeg,
      url: camera.url,
      transport: 'udp',
      signal: stopping.signal,
      clock: systemClock,
      onUnit: ({ ptsMs }) => {
        if (timesMs.push(ptsMs) === 2 * framesPerSecond) stopping.abort();
      },
    });
    await expect(reading).rejects.toThrow('the reading was cancelled');
    const stepsMs = timesMs.slice(1).map((atMs, index) => Math.round(atMs - (timesMs[index] ?? 0)));
    // A missing one is 133 ms. After a pause of ours the times are drawn to our clock by a millisecond each.
    expect(Math.max(...stepsMs)).toBeLessThanOrEqual(68);
  });
});
