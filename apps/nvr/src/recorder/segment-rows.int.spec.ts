import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { createLogger } from '@nightjar/runtime';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { SegmentsStore, type SegmentState } from '../segments/segments.store.js';
import { SegmentRows } from './segment-rows.js';

let testDatabase: TestDatabase;
let database: NvrDatabase;
let rows: SegmentRows;
let cameraId: number;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openNvrDatabase({ url: testDatabase.url, connectionsMax: 1 });
  rows = new SegmentRows(new SegmentsStore(database), createLogger({ service: 'nvr recorder', level: 'silent' }));
  const camera = { uuid: '7d2b3c1e-8a51-4c4e-9b63-0d1f5d1f5a01', name: 'door', framesName: 'door', rtspUrl: 'rtsp://192.0.2.1/' };
  ({ id: cameraId } = await database.camera.create({ data: camera }));
});
afterAll(async () => {
  await database?.$disconnect();
  await testDatabase?.drop();
});

function state(file: string, changes: Partial<SegmentState> = {}): SegmentState {
  const [startsAt, endsAt] = [new Date(1_800_000_000_123), new Date(1_800_000_001_123)];
  return { cameraId, file, tier: 'fast', startsAt, endsAt, sizeBytes: 5_000_000_000, videoCodec: 'h264', open: true, ...changes };
}

it('writes the files of all cameras together: new rows, and those that are there grow', async () => {
  rows.put(state('a.mp4'));
  await rows.flush();
  const endsAt = new Date(1_800_000_009_456);
  rows.put(state('a.mp4', { endsAt, sizeBytes: 6_000_000_000, open: false }));
  rows.put(state('b.mp4', { videoCodec: 'hevc' }));
  expect(await rows.flush()).toBe(true);
  const select = { file: true, startsAt: true, endsAt: true, sizeBytes: true, videoCodec: true, open: true, tier: true };
  expect(await database.segment.findMany({ select, orderBy: { file: 'asc' } })).toEqual(
    [
      { ...state('a.mp4', { endsAt, open: false }), cameraId: undefined, sizeBytes: 6_000_000_000n },
      { ...state('b.mp4', { videoCodec: 'hevc' }), cameraId: undefined, sizeBytes: 5_000_000_000n },
    ].map(({ cameraId: _, ...row }) => row),
  );
});

it('writes the others when one of them cannot be written', async () => {
  for (const one of [state('c.mp4'), state('gone.mp4', { cameraId: cameraId + 1_000 }), state('d.mp4')]) rows.put(one);
  expect(await rows.flush()).toBe(true);
  const files = await database.segment.findMany({ select: { file: true }, orderBy: { file: 'asc' } });
  expect(files.map(({ file }) => file)).toEqual(expect.arrayContaining(['c.mp4', 'd.mp4']));
  expect(files).not.toContainEqual({ file: 'gone.mp4' });
});
