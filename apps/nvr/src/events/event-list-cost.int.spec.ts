import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { EventListStore, type EventsPage, type FoundEvents } from './event-list.store.js';

const cameras = 20;
const tracks = 20_000;
const days = 5;
const alerts = 60;
const hour = 3_600_000;
const now = Date.now();
const ago = (ms: number) => new Date(now - ms);

let testDatabase: TestDatabase;
/** One connection, so that what it has read is what the list has read. */
let database: NvrDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openNvrDatabase({ url: testDatabase.url, connectionsMax: 1 });
  await database.camera.createMany({
    data: Array.from({ length: cameras }, (_, index) => ({ name: `c ${index}`, framesName: `c_${index}`, rtspUrl: 'rtsp://10.0.0.1/' })),
  });
  await database.$executeRaw`
    INSERT INTO nvr.event (camera_id, source, event_type, label, score, track_id, started_at, ended_at)
    SELECT 1 + number % ${cameras}::int, 'tier0', 'track', 'person', 0.9, number, started_at, started_at + interval '20 s'
    FROM (SELECT number, ${ago(0)}::timestamptz - number * interval '1 day' * ${days}::float8 / ${tracks}::float8 AS started_at
      FROM generate_series(1, ${tracks}::int) AS number) AS placed`;
  const event = { cameraId: 9, source: 'tier0', eventType: 'track' } as const;
  await database.event.createMany({
    data: [
      { ...event, label: 'car', trackId: 'parked', startedAt: ago(days * 24 * hour), endedAt: ago(0) },
      // Behind all tracks.
      ...Array.from({ length: alerts }, (_, index) => ({
        ...event,
        source: 'app' as const,
        eventType: 'alert' as const,
        plateText: `B${index}`,
        startedAt: ago(days * 24 * hour + index * 1_000),
      })),
    ],
  });
  await database.$executeRaw`VACUUM (ANALYZE) nvr.event`;
});
afterAll(async () => {
  await database?.$disconnect();
  await testDatabase?.drop();
});

async function rowsRead(): Promise<number> {
  await database.$queryRaw`SELECT pg_stat_force_next_flush() IS NULL`;
  const [row] = await database.$queryRaw<{ rows: number }[]>`
    SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_all_tables WHERE schemaname = 'nvr_events'`;
  return row!.rows;
}

/** A page, and how many rows of events were read for it. */
async function list(asked: Partial<EventsPage>): Promise<FoundEvents & { read: number }> {
  const before = await rowsRead();
  const page = { cameraIds: undefined, filter: {}, limit: 101, lookedAtMax: 1_000, userId: undefined };
  const found = await new EventListStore(database).list({ ...page, ...asked });
  return { ...found, read: (await rowsRead()) - before };
}

describe('a list of a range of time', () => {
  const range = { from: ago(10 * hour), to: ago(10 * hour - 600_000) };

  it('reads what it shows, and nothing of the days during which something went on', async () => {
    const { events, read } = await list({ filter: range });
    expect(events.at(-1)?.trackId).toBe('parked');
    expect(events.length).toBeGreaterThan(20);
    expect(read).toBeLessThan(10 * events.length);
  });

  it.each([
    ['one camera', { cameraIds: [7] }, false],
    ['several cameras', { cameraIds: [9, 10, 11] }, true],
    ['a label', { filter: { ...range, label: 'car' } }, true],
    ['a score', { filter: { ...range, minScore: 0.99 } }, false],
  ])('does so for %s', async (_name, asked, hasParked) => {
    const { events, lookedUpTo, read } = await list({ filter: range, ...asked });
    expect(events.some(({ trackId }) => trackId === 'parked')).toBe(hasParked);
    expect(lookedUpTo).toBeUndefined();
    expect(read).toBeLessThan(500);
  });
});

describe('a list of what few events are', () => {
  it.each([
    ['a source', { source: 'app' as const }, alerts],
    ['a type', { eventType: 'alert' as const }, alerts],
    ['both', { source: 'app' as const, eventType: 'alert' as const }, alerts],
    ['a number plate', { plate: 'B1' }, 11],
    ['a source that nothing has', { source: 'camera' as const }, 0],
  ])('is whole on its first page for %s, however many others are newer', async (_name, filter, count) => {
    for (const cameraIds of [undefined, [9], [8, 9]]) {
      const { events, lookedUpTo, read } = await list({ filter, cameraIds });
      expect([events.length, lookedUpTo]).toEqual([count, undefined]);
      expect(read).toBeLessThan(500);
    }
  });
});
