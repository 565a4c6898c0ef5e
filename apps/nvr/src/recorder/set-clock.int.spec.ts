import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LiveViewPart } from '@nightjar/contracts';
import { findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { startTestCamera, until } from '@nightjar/testing';
import type { SegmentState } from '../segments/segments.store.js';
import { CameraRecorder } from './camera-recorder.js';
import { LiveParts } from './live-parts.js';

const run = promisify(execFile);
const framesPerSecond = 15;

let ffmpeg: FfmpegBinary;
let root: string;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let recorder: CameraRecorder;
let live: LiveParts;
let rows: Map<string, SegmentState>;
let problems: string[];

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  camera = await startTestCamera();
});
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-set-clock-'));
});
afterEach(async () => {
  await recorder.stop();
  camera.breakDown(undefined);
  await rm(root, { recursive: true, force: true });
});
afterAll(() => camera.close());

/** A camera whose clock is set all the time, on one connection. */
function start(fault: 'times_backwards' | 'times_wrap', { isRecorded }: { isRecorded: boolean }): void {
  camera.breakDown(fault);
  rows = new Map();
  problems = [];
  live = new LiveParts(systemClock, () => true);
  recorder = new CameraRecorder({
    camera: { id: 1, uuid: '00000000-0000-4000-8000-000000000001', framesName: 'yard', name: 'yard', rtspUrl: 'rtsp://10.0.0.1/' },
    findUrl: () => Promise.resolve(camera.url),
    onProblem: (reason) => problems.push(reason),
    ffmpeg,
    root,
    isRecorded,
    segmentMs: 2_000,
    rows: { put: (state) => void rows.set(state.file, state) },
    live,
    clock: systemClock,
    logger: createLogger({ service: 'set-clock', level: 'silent' }),
    random: () => 0.5,
  });
  recorder.start();
}

/** Live parts as they come, with holes where some were lost, of so long a time by the clock of the stream. */
async function watchFor(streamMs: number): Promise<LiveViewPart[]> {
  const parts: LiveViewPart[] = [];
  let position = { sessionId: null as number | null, afterSeq: -1, offset: 0 };
  const endsAtMs = performance.now() + 60_000;
  while ((parts.at(-1)?.start_ms ?? 0) - (parts[0]?.start_ms ?? 0) < streamMs && performance.now() < endsAtMs) {
    const chunk = await live.read(position, 500);
    const last = chunk.parts.at(-1);
    parts.push(...chunk.parts);
    position = { ...position, sessionId: chunk.session?.id ?? null, afterSeq: last?.seq ?? position.afterSeq };
  }
  return parts;
}

function expectOrder(parts: readonly LiveViewPart[]): void {
  for (const [index, part] of parts.slice(1).entries()) {
    const before = parts[index];
    if (!before) throw new Error('no part before');
    expect(part.seq).toBe(before.seq + 1);
    expect(part.segment).toBeGreaterThanOrEqual(before.segment);
    expect(Math.abs(part.start_ms - before.start_ms - before.duration_ms)).toBeLessThan(1);
    // The clock of the camera goes back by seconds. Ours corrects itself by less than a part where the first ones came late.
    expect(part.captured_unix_ms).toBeGreaterThan(before.captured_unix_ms - 500);
    // Parts are as long as usual: none was put on top of another, and none stretched.
    expect(part.duration_ms).toBeGreaterThan(50);
    expect(part.duration_ms).toBeLessThan(500);
  }
}

async function packetsOf(file: string): Promise<{ times: number[]; said: string }> {
  const { stderr, stdout } = await run(ffmpeg.path.replace(/ffmpeg$/, 'ffprobe'), [
    ...['-v', 'warning', '-show_entries', 'packet=pts_time', '-of', 'csv=p=0', path.join(root, file)],
  ]);
  return { times: stdout.trim().split('\n').map(Number), said: stderr };
}

describe.each(['times_backwards', 'times_wrap'] as const)('a camera whose clock is set while it sends (%s)', (fault) => {
  it('is recorded without a gap, with all of its pictures in time, and live parts go on', async () => {
    const startedUnixMs = Date.now();
    start(fault, { isRecorded: true });
    await until(() => rows.size > 0);
    const parts = await watchFor(9_500);
    await recorder.stop();
    expect(problems).toEqual([]);
    expectOrder(parts);
    expect(parts.length).toBeGreaterThan(25);
    const files = [...rows.values()];
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const [index, { startsAt }] of files.slice(1).entries())
      expect(Math.abs(startsAt.getTime() - (files[index]?.endsAt.getTime() ?? 0))).toBeLessThanOrEqual(1);
    // All of it in the time that passed; each is as long as its pictures.
    expect(files[0]?.startsAt.getTime()).toBeGreaterThan(startedUnixMs - 1_000);
    expect(files.at(-1)?.endsAt.getTime()).toBeLessThan(Date.now() + 500);
    for (const [index, { file, startsAt, endsAt }] of files.entries()) {
      const packets = await packetsOf(file);
      expect(packets.said).toBe('');
      // FFmpeg has the first two pictures of any connection at one time.
      const times = index === 0 ? packets.times.slice(1) : packets.times;
      expect(times).toHaveLength(Math.round(((endsAt.getTime() - startsAt.getTime()) / 1_000) * framesPerSecond));
      const steps = times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) * framesPerSecond * 100) / 100);
      expect([...new Set(steps)]).toEqual([1]);
      expect(await run(ffmpeg.path, ['-v', 'error', '-i', path.join(root, file), '-f', 'null', '-'])).toMatchObject({ stderr: '' });
    }
  });

  it('is watched without a break where it is not recorded', async () => {
    start(fault, { isRecorded: false });
    const parts = await watchFor(6_500);
    expect(problems).toEqual([]);
    expectOrder(parts);
    expect(parts.at(-1)?.start_ms).toBeGreaterThan(4_500);
  });
});
