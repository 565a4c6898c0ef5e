import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrationsDirectory, openNvrDatabase, type NvrDatabase } from '@nightjar/database';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import pg from 'pg';
import { makeServiceRoles } from '../service-roles.fixture.js';

const event = { source: 'tier0', eventType: 'track' } as const;
const daysFromNow = (days: number) => new Date(Date.now() + days * 86_400_000);

let owner: NvrDatabase;
let nvr: NvrDatabase;
let testDatabase: TestDatabase;
let cameraId: number;
let userId: number;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  owner = openNvrDatabase({ url: testDatabase.url, connectionsMax: 1 });
  const { nvrUrl } = await makeServiceRoles(testDatabase.url);
  nvr = openNvrDatabase({ url: nvrUrl, connectionsMax: 1 });
  cameraId = (await nvr.camera.create({ data: { name: 'a', framesName: 'a', rtspUrl: 'rtsp://10.0.0.1/a' } })).id;
  userId = (await nvr.user.create({ data: { username: 'somebody', passwordHash: 'x' } })).id;
});
afterAll(async () => {
  await Promise.all([owner?.$disconnect(), nvr?.$disconnect()]);
  await testDatabase?.drop();
});

async function addEvent(startedAt: Date): Promise<bigint> {
  const { id } = await nvr.event.create({ data: { ...event, cameraId, startedAt } });
  await nvr.eventReview.create({ data: { userId, eventId: id } });
  return id;
}

async function partitionOf(id: bigint): Promise<string> {
  const [row] = await nvr.$queryRaw<{ name: string }[]>`SELECT tableoid::regclass::text AS name FROM nvr.event WHERE id = ${id}`;
  return row?.name ?? 'none';
}

const monthOf = (moment: Date) => `nvr_events.event_${moment.toISOString().slice(0, 7).replace('-', '_')}`;

describe('the partitions of events', () => {
  it('take an event of whatever time: its month, or what is before or after all months', async () => {
    const [now, future, past] = [daysFromNow(0), daysFromNow(4_000), new Date(0)];
    expect([
      await partitionOf(await addEvent(now)),
      await partitionOf(await addEvent(future)),
      await partitionOf(await addEvent(past)),
    ]).toEqual([monthOf(now), 'nvr_events.event_after', 'nvr_events.event_before']);
  });

  it('are made ahead by a role that owns no table, and what came before its month moves there with its reviews', async () => {
    const soon = daysFromNow(300);
    const id = await addEvent(soon);
    expect(await partitionOf(id)).toBe('nvr_events.event_after');
    const make = () => nvr.$queryRaw<{ made: number }[]>`SELECT nvr.make_event_partitions(12) AS made`;
    expect(await make()).toEqual([{ made: 9 }]);
    expect(await make()).toEqual([{ made: 0 }]);
    expect([await partitionOf(id), await nvr.eventReview.count({ where: { eventId: id } })]).toEqual([monthOf(soon), 1]);
    await expect(nvr.$executeRaw`DROP TABLE nvr.event`).rejects.toThrow(/must be owner/);
  });

  it('go as a whole when all that they hold is too old, with the reviews, and events of that time are taken all the same', async () => {
    const [past, now] = [await addEvent(new Date(1_000)), await addEvent(daysFromNow(0))];
    const drop = (bound: Date) => nvr.$queryRaw<{ dropped: number }[]>`SELECT nvr.drop_event_partitions(${bound}) AS dropped`;
    // Never a month that is not over, whatever the bound.
    expect(await drop(daysFromNow(10_000))).toEqual([{ dropped: 0 }]);
    await owner.$executeRaw`ALTER TABLE nvr.event DETACH PARTITION nvr_events.event_before`;
    await owner.$executeRaw`CREATE TABLE nvr_events.event_2001_01 PARTITION OF nvr.event FOR VALUES FROM ('2001-01-01Z') TO ('2001-02-01Z')`;
    await owner.$executeRaw`ALTER TABLE nvr.event ATTACH PARTITION nvr_events.event_before FOR VALUES FROM (MINVALUE) TO ('2001-01-01Z')`;
    const january = await addEvent(new Date('2001-01-20Z'));
    const removedUpTo = async () =>
      (await nvr.$queryRaw<{ seq: bigint }[]>`SELECT up_to_seq AS seq FROM nvr.event_removal`).map(({ seq }) => seq);
    const { seq } = await nvr.event.findFirstOrThrow({ where: { id: january } });
    expect([await drop(new Date('2001-01-31Z')), await removedUpTo()]).toEqual([[{ dropped: 0 }], [0n]]);
    expect([await drop(new Date('2001-02-01Z')), await removedUpTo()]).toEqual([[{ dropped: 1 }], [seq]]);
    expect(await nvr.event.count({ where: { id: { in: [past, january, now] } } })).toBe(1);
    expect(await nvr.eventReview.count({ where: { eventId: { in: [past, january, now] } } })).toBe(1);
    expect(await partitionOf(await addEvent(new Date('2001-01-20Z')))).toBe('nvr_events.event_before');
  });

  it('are read one after the other by the list, from the newest on', async () => {
    const plan = await nvr.$queryRaw<{ 'QUERY PLAN': string }[]>`
      EXPLAIN SELECT * FROM nvr.event WHERE camera_id = 1 ORDER BY started_at DESC, id DESC LIMIT 50`;
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toMatch(/->  Append/);
    expect(text).not.toMatch(/Merge Append|Sort/);
  });
});

describe('the migration to partitions', () => {
  it('brings every event with its id, its seq and its reviews', async () => {
    await owner.$executeRaw`DELETE FROM nvr.event`;
    const id = await addEvent(daysFromNow(0));
    const before = await nvr.event.findFirstOrThrow({ where: { id } });
    // Back to the table as it was: the migration runs once more over it.
    const statements = [
      'DROP FUNCTION nvr.drop_event_partitions, nvr.make_event_partitions, nvr.event_months_end',
      'DROP TRIGGER event_reviews_go ON nvr.event',
      'DROP FUNCTION nvr.remove_reviews_of_event',
      'CREATE TABLE nvr.event_flat (LIKE nvr.event INCLUDING DEFAULTS)',
      'INSERT INTO nvr.event_flat SELECT * FROM nvr.event',
      'ALTER SEQUENCE nvr.event_id_seq OWNED BY nvr.event_flat.id',
      'ALTER SEQUENCE nvr.event_seq_seq OWNED BY nvr.event_flat.seq',
      'DROP TABLE nvr.event',
      'DROP SCHEMA nvr_events',
      'ALTER TABLE nvr.event_flat RENAME TO event',
      'ALTER TABLE nvr.event ADD CONSTRAINT event_pkey PRIMARY KEY (id)',
      'ALTER TABLE nvr.event ADD CONSTRAINT event_camera_id_fkey FOREIGN KEY (camera_id) REFERENCES nvr.camera (id)',
      'ALTER TABLE nvr.event_review ADD CONSTRAINT event_review_event_id_fkey FOREIGN KEY (event_id) REFERENCES nvr.event (id)',
      ...['seq_key', 'camera_id_track_id_started_at_key', 'camera_id_started_at_id_idx', 'label_started_at_id_idx'].map(
        (name) => `CREATE INDEX event_${name} ON nvr.event (id)`,
      ),
      ...['started_at_id_idx', 'span_idx'].map((name) => `CREATE INDEX event_${name} ON nvr.event (id)`),
    ];
    const migration = (name: string) => readFile(path.join(migrationsDirectory, name, 'migration.sql'), 'utf8');
    const since = await Promise.all(['20261122203000_event_partitions', '20261123172000_event_filters'].map(migration));
    const client = new pg.Client({ connectionString: testDatabase.url });
    await client.connect();
    await client.query([...statements, ...since].join(';\n')).finally(() => client.end());
    expect(await owner.event.findFirst({ where: { id } })).toEqual(before);
    expect(await owner.eventReview.count({ where: { eventId: id } })).toBe(1);
    expect((await owner.event.create({ data: { ...event, cameraId, startedAt: new Date() } })).id).toBe(id + 1n);
  });
});
