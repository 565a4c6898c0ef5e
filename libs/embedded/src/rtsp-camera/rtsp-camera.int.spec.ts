import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { findFfmpeg } from '@nightjar/media';
import { until } from '@nightjar/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { demoPicture } from './demo-clip.js';
import { loadClip, type H264Clip } from './h264-clip.js';
import { renderScenes } from './render-scenes.js';
import { RtspCamera, type RtspCameraOptions } from './rtsp-camera.js';

const framesPerSecond = 15;

interface Reading {
  readonly exitCode: number | null;
  readonly frames: number;
  readonly complaint: string;
}

interface ReadingOptions {
  readonly transport?: 'tcp' | 'udp';
  readonly seconds?: number;
  /** How long FFmpeg waits for the camera, which is this process: longer than one on a busy machine stands still. */
  readonly silenceSecondsMax?: number;
  /** Told now and then how many there are so far. */
  readonly onFrames?: (frames: number) => void;
}

/** Reads a camera with FFmpeg and counts the frames it got out of the stream, without decoding. */
function readWithFfmpeg(ffmpegPath: string, url: string, options: ReadingOptions = {}): Promise<Reading> {
  const { transport = 'tcp', seconds = 4, silenceSecondsMax = 60, onFrames } = options;
  const args = [
    '-v',
    'warning',
    '-nostdin',
    '-stats',
    '-rtsp_transport',
    transport,
    '-timeout',
    String(silenceSecondsMax * 1_000_000),
    '-i',
    url,
    '-t',
    String(seconds),
    '-c',
    'copy',
    '-f',
    'null',
    '-',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(ffmpegPath, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 150_000, killSignal: 'SIGKILL' });
    let complaint = '';
    const frames = () => Number([...complaint.matchAll(/frame=\s*(\d+)/g)].at(-1)?.[1] ?? 0);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
      onFrames?.(frames());
    });
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, frames: frames(), complaint }));
  });
}

describe('the RTSP camera', () => {
  let ffmpegPath: string;
  let clip: H264Clip;
  let camera: RtspCamera;
  const start = async (options: Omit<RtspCameraOptions, 'clip'> = {}): Promise<void> => {
    camera = new RtspCamera({ clip, ...options });
    await camera.start();
  };

  beforeAll(async () => {
    const ffmpeg = await findFfmpeg();
    if (!ffmpeg) throw new Error('FFmpeg is not installed');
    ffmpegPath = ffmpeg.path;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-clip-'));
    const outputFile = path.join(directory, 'clip.mp4');
    await renderScenes({
      ffmpegPath,
      outputFile,
      width: 640,
      height: 360,
      scenes: [{ picture: demoPicture(1), seconds: 2 }, { seconds: 1 }],
    });
    clip = await loadClip({ file: outputFile, ffmpegPath, framesPerSecond });
    await rm(directory, { recursive: true });
  });
  afterEach(() => camera.close());
  afterAll(() => expect(camera.sessionCount).toBe(0));

  it('plays a clip of 3 s as 45 frames', async () => {
    await start();
    expect(clip.accessUnits.length).toBe(3 * framesPerSecond);
  });

  it.each(['tcp', 'udp'] as const)('loses no frame over %s, past the end of the clip', async (transport) => {
    await start();
    const read = async () => {
      const { exitCode, frames, complaint } = await readWithFfmpeg(ffmpegPath, camera.url, { transport, seconds: 5 });
      const isWhole = Math.abs(frames - 5 * framesPerSecond) <= 1;
      return { exitCode, isWhole, complaint: complaint.match(/missed|error|corrupt|concealing/gi) };
    };
    const whole = { exitCode: 0, isWhole: true, complaint: null };
    let reading = await read();
    // An FFmpeg that gets no CPU for a second loses what comes over UDP, whoever sends it; a camera that does loses it each time.
    for (let tries = 1; transport === 'udp' && tries < 4 && !isDeepStrictEqual(reading, whole); tries++) reading = await read();
    expect(reading).toEqual(whole);
  });

  it('serves several clients at once', async () => {
    await start();
    const readings = await Promise.all([1, 2, 3].map(() => readWithFfmpeg(ffmpegPath, camera.url, { seconds: 2 })));
    for (const { frames } of readings) expect(Math.abs(frames - 2 * framesPerSecond)).toBeLessThanOrEqual(1);
  });

  it('wants its user and password, when it has any', async () => {
    await start({ credentials: { user: 'ada', password: 'p@ss:word' } });
    expect((await readWithFfmpeg(ffmpegPath, camera.url, { seconds: 1 })).frames).toBeGreaterThan(10);
    const stranger = await readWithFfmpeg(ffmpegPath, camera.url.replace('ada:', 'eve:'), { seconds: 1 });
    expect(stranger.exitCode).not.toBe(0);
    expect(stranger.complaint).toMatch(/401/);
  });

  it('does not know another path', async () => {
    await start();
    expect((await readWithFfmpeg(ffmpegPath, camera.url.replace('/camera', '/other'), { seconds: 1 })).complaint).toMatch(/404/);
  });

  it('can cut its connections and be away, and be back at the same address', async () => {
    await start();
    let frames = 0;
    const reading = readWithFfmpeg(ffmpegPath, camera.url, { seconds: 600, onFrames: (so) => (frames = so) });
    await until(() => frames > 5);
    camera.refuse();
    expect((await reading).frames).toBeGreaterThan(5);
    expect((await readWithFfmpeg(ffmpegPath, camera.url, { seconds: 1 })).exitCode).not.toBe(0);
    camera.resume();
    expect((await readWithFfmpeg(ffmpegPath, camera.url, { seconds: 1 })).frames).toBeGreaterThan(10);
  });

  it('can fall silent with its connections open', async () => {
    await start();
    camera.stall();
    const started = performance.now();
    const { frames } = await readWithFfmpeg(ffmpegPath, camera.url, { seconds: 1, silenceSecondsMax: 2 });
    expect(frames).toBe(0);
    expect(performance.now() - started).toBeGreaterThan(1_500);
  });
});
