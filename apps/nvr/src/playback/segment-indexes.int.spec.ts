import { mkdtemp, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { makeTestVideo } from '@nightjar/testing';
import { segmentName, writeRecordedFile } from '../segments/recorded-file.fixture.js';
import type { NvrConfig } from '../config.js';
import { SegmentIndexes } from './segment-indexes.js';

/** Counts how often a file is opened. */
class CountedIndexes extends SegmentIndexes {
  opened = 0;

  override open(file: string) {
    this.opened++;
    return super.open(file);
  }
}

const file = segmentName('70c75b04-1ec8-4aa1-930c-ddad9e47b54b', Date.UTC(2026, 5, 1, 12));
let recordingsDir: string;
let sizeBytes: number;
beforeAll(async () => {
  recordingsDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-indexes-'));
  const video = await makeTestVideo({ file: path.join(recordingsDir, 'source.mp4'), seconds: 2 });
  await writeRecordedFile({ video, recordingsDir, name: file });
  sizeBytes = (await stat(path.join(recordingsDir, file))).size;
});
afterAll(() => rm(recordingsDir, { recursive: true }));

const open = (clock = new FakeClock()) => new CountedIndexes({ recordingsDir, archive: undefined } as NvrConfig, clock);

describe('what is where in a recorded file', () => {
  it('is read once for all who ask at the same moment, and remembered', async () => {
    const indexes = open();
    const [first, ...others] = await Promise.all(Array.from({ length: 20 }, () => indexes.read([{ id: 1, file, sizeBytes }])));
    expect(indexes.opened).toBe(1);
    expect(first?.[0]?.fragments.length).toBeGreaterThan(1);
    for (const other of others) expect(other).toEqual(first);
    await indexes.read([{ id: 1, file, sizeBytes }]);
    expect(indexes.opened).toBe(1);
  });

  it('is forgotten when others are asked for and it was not for five minutes', async () => {
    const clock = new FakeClock();
    const indexes = open(clock);
    const read = (...ids: number[]) => indexes.read(ids.map((id) => ({ id, file, sizeBytes })));
    await read(1, 2);
    clock.advance(4 * 60_000);
    await read(2);
    expect(indexes.opened).toBe(2);
    clock.advance(2 * 60_000);
    await read(3);
    await read(2);
    expect(indexes.opened).toBe(3);
    await read(1);
    expect(indexes.opened).toBe(4);
  });

  it('is read anew when it could not be read', async () => {
    const indexes = open();
    const read = () => indexes.read([{ id: 2, file: file.replace('70c75b04', '80c75b04'), sizeBytes }]);
    for (let attempt = 1; attempt <= 2; attempt++) {
      await expect(read()).rejects.toMatchObject({ code: 'not_found' });
      expect(indexes.opened).toBe(attempt);
    }
  });

  it('is asked of so many files at once and no more', async () => {
    const indexes = open();
    const asked = await Promise.allSettled(Array.from({ length: 520 }, (_, id) => indexes.read([{ id, file, sizeBytes }])));
    const refused = asked.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(Array.from({ length: 8 }, () => 'overloaded'));
  });
});
