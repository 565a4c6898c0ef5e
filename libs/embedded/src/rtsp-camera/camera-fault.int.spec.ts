import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { decodeFrames, findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { systemClock } from '@nightjar/runtime';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CameraFault } from './camera-fault.js';
import { demoPicture } from './demo-clip.js';
import { loadClip, type H264Clip } from './h264-clip.js';
import { renderScenes } from './render-scenes.js';
import { RtspCamera, type RtspCameraOptions } from './rtsp-camera.js';

let ffmpeg: FfmpegBinary;
let clip: H264Clip;
let camera: RtspCamera;
/** A service of this machine that no camera may reach through us. */
let inside: Server;
let knocks = 0;

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('FFmpeg is not installed');
  ffmpeg = found;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clip-'));
  const outputFile = path.join(directory, 'clip.mp4');
  await renderScenes({ ffmpegPath: ffmpeg.path, outputFile, width: 320, height: 180, scenes: [{ picture: demoPicture(1), seconds: 1 }] });
  clip = await loadClip({ file: outputFile, ffmpegPath: ffmpeg.path, framesPerSecond: 15 });
  await rm(directory, { recursive: true });
  inside = createServer((socket) => {
    knocks++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
});
afterEach(() => camera.close());
afterAll(() => new Promise((resolve) => inside.close(resolve)));

async function start(options: Omit<RtspCameraOptions, 'clip'> = {}): Promise<void> {
  camera = new RtspCamera({ clip, ...options });
  await camera.start();
}

/** Frames until there are `enough`, or why there are no more. */
async function watch(enough = 3): Promise<{ frames: number; reason?: string }> {
  let frames = 0;
  try {
    const input = { kind: 'camera', url: camera.url } as const;
    const signal = AbortSignal.timeout(60_000);
    for await (const frame of decodeFrames({ ffmpeg, input, samplesPerSecond: 5, samplesPerPicture: 1, signal, clock: systemClock }))
      if (frame.picture && ++frames >= enough) break;
    return { frames };
  } catch (error) {
    return { frames, reason: (error as Error).message };
  }
}

describe('a camera that we watch, hostile ones too (T24, R8)', () => {
  it.each(['basic', 'digest'] as const)('lets us in with the password it asks for (%s), and nobody without', async (authentication) => {
    await start({ credentials: { user: 'ada', password: 'p@ss:w/rd?' }, authentication });
    expect(await watch()).toEqual({ frames: 3 });
    Object.defineProperty(camera, 'url', { value: camera.url.replace('ada:', 'eve:') });
    expect(await watch()).toEqual({ frames: 0, reason: 'the camera refuses the user name or the password' });
  });

  it.each([
    ['reset', 'the camera cut the connection'],
    ['redirect', 'the camera sends us to another address, which is not followed'],
    ['endless_description', 'the camera does not speak RTSP: its message has more than 262144 bytes'],
    ['truncated', 'the stream of the camera ended'],
  ] as const)('is left when it is broken by %s, and watched again when it is whole', async (fault: CameraFault, reason) => {
    await start({ redirectUrl: `rtsp://127.0.0.1:${(inside.address() as AddressInfo).port}/` });
    camera.breakDown(fault);
    expect(await watch()).toEqual({ frames: 0, reason });
    camera.breakDown(undefined);
    expect(await watch(1)).toEqual({ frames: 1 });
    expect(knocks).toBe(0);
  });
});
