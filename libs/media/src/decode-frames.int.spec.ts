import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { decodeFrames, type DecodedFrame, type DecodeOptions } from './decode-frames.js';
import { FfmpegProcess } from './ffmpeg-process.js';
import { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
import { probeFile } from './probe-file.js';

let ffmpeg: FfmpegBinary;
let directory: string;
const at = (name: string) => path.join(directory, name);

async function runFfmpeg(...args: string[]): Promise<void> {
  const process = FfmpegProcess.start({ ffmpeg, arguments: ['-y', ...args] });
  for (const pipe of process.pipes) pipe.resume();
  const exit = await process.exited;
  if (exit.code !== 0) throw new Error(exit.stderrTail);
}

const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];

beforeAll(async () => {
  const found = await findFfmpeg({});
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-media-'));
  // Black for two seconds, then white for two.
  await runFfmpeg(
    '-f',
    'lavfi',
    '-i',
    'color=black:s=1920x1080:r=30:d=2',
    '-f',
    'lavfi',
    '-i',
    'color=white:s=1920x1080:r=30:d=2',
    '-filter_complex',
    '[0:v][1:v]concat=n=2:v=1[v]',
    '-map',
    '[v]',
    ...h264,
    at('cut.mp4'),
  );
  await runFfmpeg(
    '-i',
    at('cut.mp4'),
    '-c',
    'copy',
    '-f',
    'hls',
    '-hls_time',
    '2',
    '-hls_segment_filename',
    at('part%d.ts'),
    at('list.m3u8'),
  );
  await copyFile(at('list.m3u8'), at('playlist.mp4'));
  await runFfmpeg('-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac', at('sound.m4a'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function decode(file: string, options: Partial<DecodeOptions> = {}): AsyncGenerator<DecodedFrame, void, undefined> {
  return decodeFrames({
    ffmpeg,
    input: { kind: 'file', path: at(file) },
    samplesPerSecond: 8,
    samplesPerPicture: 4,
    signal: new AbortController().signal,
    clock: systemClock,
    ...options,
  });
}

async function collect(frames: AsyncIterable<DecodedFrame>): Promise<DecodedFrame[]> {
  const all: DecodedFrame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

function brightness(frame: DecodedFrame | undefined): number {
  const pixels = frame?.luma.pixels ?? new Uint8Array();
  return pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('decodeFrames of a file', () => {
  it('gives a plane for every sample and a picture for every fourth, each at its media time', async () => {
    const frames = await collect(decode('cut.mp4'));
    expect(frames).toHaveLength(32);
    expect(frames.map(({ atMs }) => atMs)).toEqual(frames.map((_frame, index) => index * 125));
    expect(frames.filter(({ picture }) => picture).map(({ index }) => index)).toEqual([0, 4, 8, 12, 16, 20, 24, 28]);
    expect(frames[0]?.picture).toMatchObject({ width: 1280, height: 720 });
    expect(frames[0]?.luma).toMatchObject({ width: 160, height: 90 });
  });

  it('shows in each sample what is on screen at that moment', async () => {
    const frames = await collect(decode('cut.mp4'));
    expect(brightness(frames[15])).toBeLessThan(20);
    // The first white frame is the one at 2.0 s, which is sample 16.
    expect(brightness(frames[16])).toBeGreaterThan(230);
  });

  it('gives as many samples, at most a few frames older, without the frames that no other refers to', async () => {
    // B-frames, which nothing refers to: three of four.
    await runFfmpeg('-i', at('cut.mp4'), '-c:v', 'libx264', '-bf', '3', '-x264-params', 'b-pyramid=none:scenecut=0', at('b-frames.mp4'));
    const whole = await collect(decode('b-frames.mp4'));
    const references = await collect(decode('b-frames.mp4', { referencesOnly: true }));
    expect(Math.abs(references.length - whole.length)).toBeLessThanOrEqual(1);
    const firstWhite = (frames: DecodedFrame[]) => frames.findIndex((frame) => brightness(frame) > 128);
    expect(firstWhite(whole)).toBe(16);
    expect(firstWhite(references)).toBeGreaterThanOrEqual(16);
    expect(firstWhite(references)).toBeLessThanOrEqual(17);
  });

  it('waits for a slow consumer instead of dropping or piling up', async () => {
    let count = 0;
    for await (const frame of decode('cut.mp4', { samplesPerSecond: 30, samplesPerPicture: 1 })) {
      expect(frame.index).toBe(count++);
      if (count % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(count).toBe(120);
  });

  it('stops FFmpeg when the consumer leaves early', async () => {
    for await (const frame of decode('cut.mp4')) if (frame.index === 1) break;
    expect(childrenOfThisTest()).toEqual([]);
  });

  it('ends as cancelled on the signal, and FFmpeg with it', async () => {
    const controller = new AbortController();
    const frames = decode('cut.mp4', { signal: controller.signal, samplesPerSecond: 30, samplesPerPicture: 1 });
    await frames.next();
    controller.abort();
    await expect(collect(frames)).rejects.toMatchObject({ code: 'cancelled' });
    expect(childrenOfThisTest()).toEqual([]);
  });

  it('ends at the wall limit', async () => {
    const frames = decode('cut.mp4', { wallLimitMs: 1 });
    await expect(collect(frames)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('refuses a playlist that is called a video, which FFmpeg alone would open', async () => {
    await expect(collect(decode('playlist.mp4'))).rejects.toMatchObject({ code: 'unprocessable' });
  });

  it('refuses text, nothing, and sound without a picture', async () => {
    await writeFile(at('text.mp4'), 'hello');
    await writeFile(at('empty.mp4'), '');
    for (const file of ['text.mp4', 'empty.mp4', 'sound.m4a'])
      await expect(collect(decode(file))).rejects.toMatchObject({ code: 'unprocessable' });
  });
});

describe('probeFile', () => {
  it('tells duration, size, codec, rate and streams', async () => {
    expect(await probeFile({ ffmpeg, path: at('cut.mp4') })).toMatchObject({
      durationMs: 4_000,
      width: 1920,
      height: 1080,
      codec: 'h264',
      framesPerSecond: 30,
      streams: 1,
    });
  });

  it('measures the duration of a recording that carries none', async () => {
    // FFmpeg can't go back on a pipe to fill the duration in, as a browser can't.
    const process = FfmpegProcess.start({ ffmpeg, arguments: ['-i', at('cut.mp4'), '-c', 'copy', '-f', 'matroska', 'pipe:1'] });
    const chunks: Buffer[] = [];
    for await (const chunk of process.pipes[0] ?? []) chunks.push(chunk as Buffer);
    await writeFile(at('streamed.webm'), Buffer.concat(chunks));
    expect((await probeFile({ ffmpeg, path: at('streamed.webm') })).durationMs).toBe(4_000);
  });

  it('refuses a playlist, text, and sound without a picture', async () => {
    await writeFile(at('text.mp4'), 'hello');
    for (const file of ['playlist.mp4', 'text.mp4', 'sound.m4a'])
      await expect(probeFile({ ffmpeg, path: at(file) })).rejects.toMatchObject({ code: 'unprocessable' });
  });

  it('refuses a file with more streams than are read', async () => {
    const maps = Array.from({ length: 9 }, () => ['-map', '0:v']).flat();
    await runFfmpeg('-i', at('cut.mp4'), ...maps, '-c', 'copy', at('many.mkv'));
    await expect(probeFile({ ffmpeg, path: at('many.mkv') })).rejects.toThrow('9 streams');
  });

  it('ends as cancelled on the signal', async () => {
    const controller = new AbortController();
    const probing = probeFile({ ffmpeg, path: at('cut.mp4'), signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(probing).rejects.toMatchObject({ code: 'cancelled' });
    expect(childrenOfThisTest()).toEqual([]);
  });

  it('says so when the file is not there', async () => {
    await expect(probeFile({ ffmpeg, path: at('missing.mp4') })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('FfmpegProcess', () => {
  it('ends the process group within a moment when it is stopped while blocked on a full pipe', async () => {
    const ways: (string | null)[] = [];
    do {
      const process = FfmpegProcess.start({ ffmpeg, arguments: ['-f', 'lavfi', '-i', 'testsrc2=s=1280x720', '-f', 'rawvideo', 'pipe:1'] });
      // The first bytes of a picture that is larger than all buffers between us: its rest is what FFmpeg cannot get rid of.
      await once(process.pipes[0]!, 'readable');
      await process.stop();
      expect(isRunning(process.pid ?? 0)).toBe(false);
      ways.push((await process.exited).killedBy);
      // It ends by itself, and is not killed after two seconds, unless it got no CPU for as long. Not each time.
    } while (ways.at(-1) === 'SIGKILL' && ways.length < 4);
    expect(ways.at(-1)).not.toBe('SIGKILL');
  });

  it('keeps the end of what FFmpeg says, without credentials', async () => {
    const process = FfmpegProcess.start({
      ffmpeg,
      arguments: ['-timeout', '200000', '-i', 'rtsp://admin:hunter2@127.0.0.1:9/stream', '-f', 'null', '-'],
    });
    for (const pipe of process.pipes) pipe.resume();
    const exit = await process.exited;
    expect(exit.code).not.toBe(0);
    expect(exit.stderrTail).toContain('127.0.0.1:9');
    expect(exit.stderrTail).not.toContain('hunter2');
  });

  it('rejects when the program is not there', async () => {
    const process = FfmpegProcess.start({ ffmpeg: { path: '/nowhere/ffmpeg', version: '7', foundBy: 'FFMPEG_PATH' }, arguments: [] });
    await expect(process.exited).rejects.toMatchObject({ code: 'unavailable' });
    await process.stop();
  });
});

/** FFmpeg processes that work on a file of this test; other tests may run at the same time. */
function childrenOfThisTest(): string[] {
  const table = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return table.split('\n').filter((line) => line.includes(directory) && line.includes('-nostdin'));
}
