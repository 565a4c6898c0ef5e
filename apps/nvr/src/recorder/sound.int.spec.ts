import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FfmpegProcess, findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { startTestCamera, until } from '@nightjar/testing';
import { describeInit } from '../live-view/codec-string.js';
import { layOutClip, type ClipSource } from '../playback/clip-layout.js';
import { indexSegment } from '../playback/index-segment.js';
import { readClip } from '../playback/read-clip.js';
import { CameraRecorder } from './camera-recorder.js';
import { LiveParts } from './live-parts.js';
import type { SegmentRows } from './segment-rows.js';

type SegmentState = Parameters<SegmentRows['put']>[0];

const uuid = '00000000-0000-4000-8000-000000000001';
const aacFrameMs = 64;

let ffmpeg: FfmpegBinary;
let root: string;
let camera: Awaited<ReturnType<typeof startTestCamera>> | undefined;
const files = new Map<string, SegmentState>();

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-sound-'));
});
afterEach(async () => {
  await camera?.close();
  files.clear();
});
afterAll(() => rm(root, { recursive: true, force: true }));

/**
 * Records until there are two whole files; their begins as live viewers got it. The camera lives in this process: where that stands still
 * for a second, it gives the time up and goes on with a gap in its sound. Such a recording tells nothing, and another one is made.
 */
async function record(device: NonNullable<typeof camera>): Promise<{ sources: ClipSource[]; init: Buffer }> {
  camera = device;
  for (;;) {
    files.clear();
    const standstills = monitorEventLoopDelay({ resolution: 10 });
    standstills.enable();
    const recorded = await recordOnce(device);
    standstills.disable();
    if (standstills.max < 900_000_000) return recorded;
  }
}

async function recordOnce(device: NonNullable<typeof camera>): Promise<{ sources: ClipSource[]; init: Buffer }> {
  const live = new LiveParts(systemClock, () => true);
  const recorder = new CameraRecorder({
    camera: { id: 1, uuid, framesName: 'hall', name: 'Hall', rtspUrl: 'rtsp://10.0.0.1/' },
    findUrl: () => Promise.resolve(device.url),
    onProblem: () => undefined,
    withSound: true,
    ffmpeg,
    root,
    isRecorded: true,
    segmentMs: 2_000,
    rows: { put: (state: SegmentState) => files.set(state.file, state) } as unknown as SegmentRows,
    live,
    clock: systemClock,
    logger: createLogger({ service: 'recorder', level: 'silent' }),
    random: Math.random,
  });
  recorder.start();
  await until(() => [...files.values()].filter((state) => !state.open).length >= 2);
  const { bytes, initBytes } = await live.read({ sessionId: null, afterSeq: -1, offset: 0 }, 1_000);
  await recorder.stop();
  const whole = [...files.values()].slice(0, 2);
  const sources = whole.map(async (state, segmentId): Promise<ClipSource> => {
    const handle = await open(path.join(root, state.file));
    const index = await indexSegment(handle, state.sizeBytes).finally(() => handle.close());
    return { segmentId, file: state.file, startUnixMs: state.startsAt.getTime(), index };
  });
  return { sources: await Promise.all(sources), init: bytes.subarray(0, initBytes) };
}

/** Times of the packets of each stream, ms, and what FFmpeg complains of. */
async function packetsOf(file: string): Promise<{ videoMs: number[]; soundMs: number[]; said: string }> {
  const process = FfmpegProcess.start({
    ffmpeg,
    arguments: ['-i', file, '-c', 'copy', '-copyts', '-f', 'framecrc', 'pipe:1'],
    logLevel: 'warning',
  });
  let text = '';
  for await (const chunk of process.pipes[0] ?? []) text += String(chunk);
  const basesMs = [...text.matchAll(/^#tb \d: (\d+)\/(\d+)$/gm)].map(([, over, under]) => (Number(over) * 1_000) / Number(under));
  const lines = text.split('\n').flatMap((line) => (/^\d,/.test(line) ? [line.split(',').map(Number)] : []));
  const timesOf = (stream: number) => lines.filter(([number]) => number === stream).map(([, dts = 0]) => dts * (basesMs[stream] ?? 0));
  return { videoMs: timesOf(0), soundMs: timesOf(1), said: (await process.exited).stderrTail };
}

function largestStepMs(timesMs: readonly number[]): number {
  return Math.max(...timesMs.slice(1).map((atMs, index) => atMs - (timesMs[index] ?? 0)));
}

describe('a camera that is recorded with its sound', () => {
  it('has AAC in its files and in clips of several of them, with its picture and without a gap; browsers are told', async () => {
    const { init, sources } = await record(await startTestCamera({ sound: 'aac' }));
    expect(describeInit(init).codec).toMatch(/^avc1\.[0-9a-f]{6},mp4a\.40\.2$/);
    const [first] = sources;
    const single = await packetsOf(path.join(root, first?.file ?? ''));
    expect(single.said).toBe('');
    expect(single.soundMs.length).toBeGreaterThan(10);
    const range = { fromUnixMs: 0, toUnixMs: Date.now() };
    const layout = layOutClip(sources, range);
    const file = path.join(root, 'clip.mp4');
    const chunks: Buffer[] = [];
    const openFile = (name: string) => open(path.join(root, name));
    for await (const chunk of readClip(layout, { bytes: { first: 0, last: layout.sizeBytes - 1 }, open: openFile })) chunks.push(chunk);
    await writeFile(file, Buffer.concat(chunks));
    const { said, soundMs, videoMs } = await packetsOf(file);
    expect(said).toBe('');
    expect(soundMs.length).toBeGreaterThan(single.soundMs.length);
    expect(largestStepMs(soundMs)).toBeLessThan(aacFrameMs * 1.5);
    // The first picture of a connection is shown until the next one that comes after the sound has begun.
    expect(largestStepMs(videoMs.slice(1))).toBeLessThan(100);
    // Both begin and end together.
    expect(Math.abs((soundMs.at(-1) ?? 0) - (videoMs.at(-1) ?? 0))).toBeLessThan(300);
    expect(Math.abs((soundMs[0] ?? 0) - (videoMs[0] ?? 0))).toBeLessThan(300);
  });

  it('is recorded without it where that is no AAC', async () => {
    const { init, sources } = await record(await startTestCamera({ sound: 'pcm_mulaw', transports: 'udp' }));
    expect(describeInit(init).codec).toMatch(/^avc1\.[0-9a-f]{6}$/);
    const { said, soundMs, videoMs } = await packetsOf(path.join(root, sources[0]?.file ?? ''));
    expect([said, soundMs.length, videoMs.length > 20]).toEqual(['', 0, true]);
    expect((await readdir(path.join(root, uuid))).length).toBeGreaterThan(0);
  });
});
