import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SegmentState } from '../segments/segments.store.js';
import { SegmentWriter } from './segment-writer.js';
import { StreamClock } from './stream-clock.js';

const startUnixMs = 1_700_000_000_000;
let root: string;
let rows: Map<string, SegmentState>;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-segment-writer-'));
  rows = new Map();
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** Writes seconds of a stream, each with a key frame, as they arrive: the n-th ends at n s of the media. */
async function write(
  arrivals: readonly number[],
  { previousEndMs, setMs = 0, setFrom = arrivals.length }: { previousEndMs?: number; setMs?: number; setFrom?: number } = {},
): Promise<void> {
  const clock = new StreamClock();
  const writer = new SegmentWriter({
    root,
    camera: { id: 1, uuid: '00000000-0000-4000-8000-000000000001' },
    segmentMs: 10_000,
    rows: { put: (state) => void rows.set(state.file, state) },
    initBytes: Buffer.from('init'),
    track: { timescale: 1_000, codec: 'h264' },
    previousEndMs,
  });
  for (const [second, afterMs] of arrivals.entries()) {
    const arrived = { unixMs: startUnixMs + afterMs + (second < setFrom ? 0 : setMs), monotonicMs: afterMs };
    if (clock.observe({ endMediaMs: (second + 1) * 1_000, arrived }) === 'shifted') writer.endFileAtKeyFrame();
    const fragment = {
      startTicks: second * 1_000,
      durationTicks: 1_000,
      startsWithKeyFrame: true,
      piecesFrom: () => [Buffer.from('media')],
    };
    await writer.write(fragment, clock.known);
  }
  await writer.close();
}

/** Where files begin and end, in seconds since the begin. */
const files = () => [...rows.values()].map(({ endsAt, startsAt }) => [startsAt, endsAt].map((at) => (at.getTime() - startUnixMs) / 1_000));
const seconds = (from: number, count: number, lateMs = 0) => Array.from({ length: count }, (_, index) => (from + index) * 1_000 + lateMs);

describe('files of a session', () => {
  it('are where the media were, though we had no time to read them at first', async () => {
    await write([...Array.from({ length: 8 }, (_, index) => 8_500 + index), ...seconds(9, 16)]);
    expect(files()).toEqual([
      [0, 10],
      [10, 20],
      [20, 24],
    ]);
  });

  it('never begin before what was recorded until then', async () => {
    await write([...Array.from({ length: 8 }, (_, index) => 8_500 + index), ...seconds(9, 16)], { previousEndMs: startUnixMs + 1_200 });
    expect(files()[0]?.[0]).toBe(1.2);
  });

  it('lose nothing to a pause that the clock of the camera did not count, and are right again after it', async () => {
    await write([...seconds(1, 4), ...seconds(5, 16, 12_000)]);
    expect(files()).toEqual([
      [0, 9],
      [21, 31],
      [31, 32],
    ]);
  });

  it('go on at the new time when somebody sets the time of day, forward and back', async () => {
    await write(seconds(1, 15), { setMs: 3_600_000, setFrom: 4 });
    await write(seconds(1, 15), { setMs: -3_600_000, setFrom: 4 });
    expect(files()).toEqual([
      [0, 4],
      [3_604, 3_614],
      [3_614, 3_615],
      [0, 4],
      [-3_596, -3_586],
      [-3_586, -3_585],
    ]);
  });
});
