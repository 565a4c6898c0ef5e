import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SocketReader } from '../socket-reader.fixture.js';
import { SseReader } from '../sse-reader.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { EventUpkeepStore } from '../events/event-upkeep.store.js';
import { ErasedCamerasStore } from '../erasure/erased-cameras.store.js';

/** More than are replayed to anybody. */
const manyChanges = 10_050;
const dayMs = 86_400_000;

let nvr: TestNvr;
let quiet: number;
let busy: number;
const open: { close(): void }[] = [];

beforeAll(async () => {
  nvr = await startTestNvr({ liveBeatMs: 400 });
  [quiet, busy] = [await addCamera('quiet'), await addCamera('busy')];
});
afterAll(() => nvr.stop());
afterEach(() => {
  for (const reader of open.splice(0)) reader.close();
});

async function addCamera(name: string): Promise<number> {
  return (await nvr.database.camera.create({ data: { framesName: name, name, rtspUrl: `rtsp://10.0.0.1/${name}` } })).id;
}

/** @returns the seq of the last one */
async function addEvents(cameraId: number, { count = 1, startedAt = new Date() } = {}): Promise<number> {
  const [row] = await nvr.database.$queryRaw<{ seq: bigint }[]>`
    WITH added AS (INSERT INTO nvr.event (camera_id, source, event_type, label, track_id, started_at, ended_at)
      SELECT ${cameraId}::int, 'tier0', 'track', 'person', gen_random_uuid()::text, ${startedAt}::timestamptz, ${startedAt}::timestamptz
      FROM generate_series(1, ${count}::int) RETURNING seq)
    SELECT max(seq) AS seq FROM added`;
  return Number(row?.seq);
}

async function listen(query: string, lastEventId?: number): Promise<SseReader> {
  const headers = { authorization: `Bearer ${nvr.token}`, ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }) };
  const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream?types=notification${query}`, headers);
  open.push(reader);
  await reader.until(({ lastId }) => lastId !== undefined);
  return reader;
}

const idsOf = (reader: SseReader) => reader.of('notification').map(({ id }) => Number(id));

describe('a client of a quiet camera among busy ones', () => {
  it('gets what is there, however much happened on others since, and no gap', async () => {
    const seen = await addEvents(quiet);
    const missed = await addEvents(quiet);
    const newest = await addEvents(busy, { count: manyChanges });
    const [ofQuiet, ofBoth] = [await listen(`&camera_id=${quiet}`, seen), await listen('', seen)];
    await ofQuiet.until(({ lastId }) => lastId === String(newest));
    await ofBoth.until((reader) => idsOf(reader).at(-1) === newest);
    expect([idsOf(ofQuiet), ofQuiet.of('gap')]).toEqual([[missed], []]);
    expect([idsOf(ofBoth).length, ofBoth.of('gap')]).toMatchObject([10_000, [{ data: { last_event_id: seen } }]]);
  });

  it('is told how far it has got while nothing is for it: Server-Sent Events', async () => {
    const reader = await listen(`&camera_id=${quiet}`);
    for (let round = 0; round < 2; round++) {
      const seq = await addEvents(busy);
      await reader.until(({ lastId }) => lastId === String(seq));
    }
    expect(reader.messages).toEqual([]);
  });

  it('is told how far it has got while nothing is for it: WebSocket', async () => {
    const url = `${nvr.url}/api/v1/events/stream?types=notification&camera_id=${quiet}`;
    const reader = await SocketReader.open(url, { authorization: `Bearer ${nvr.token}` });
    open.push(reader);
    const seq = await addEvents(busy);
    await reader.until(({ lastId }) => lastId === seq);
    expect(reader.messages.at(-1)).toEqual({ event: 'position', id: seq, data: {} });
  });
});

describe('a client that was away while events were removed', () => {
  const gapOf = async (lastEventId: number, newest: number) => {
    const reader = await listen('', lastEventId);
    await reader.until(({ lastId }) => Number(lastId) >= newest);
    return { gaps: reader.of('gap').map(({ data }) => data), notifications: idsOf(reader) };
  };

  it('is told so, and gets what is left: expired rows', async () => {
    const seen = await addEvents(busy);
    const left = await addEvents(busy);
    const removed = await addEvents(busy, { count: 3, startedAt: new Date(Date.now() - 3 * dayMs) });
    const newest = await addEvents(busy);
    expect(await gapOf(seen, newest)).toMatchObject({ gaps: [] });
    await new EventUpkeepStore(nvr.database).removeRows({ before: new Date(Date.now() - dayMs), limit: 10 });
    expect(await gapOf(seen, newest)).toEqual({
      gaps: [{ last_event_id: seen, resumed_after: seen }],
      notifications: [left, newest],
    });
    // Who has seen all that is gone has missed nothing.
    expect(await gapOf(removed, newest)).toEqual({ gaps: [], notifications: [newest] });
  });

  it('is told so: a camera that was erased, though its events were the newest', async () => {
    const erased = await addCamera('erased');
    const seen = await addEvents(busy);
    const last = await addEvents(erased, { count: 3 });
    await new ErasedCamerasStore(nvr.database).removeEvents(erased, 10);
    expect(await gapOf(seen, last)).toMatchObject({ gaps: [{ last_event_id: seen }], notifications: [] });
    expect(await gapOf(last, last)).toEqual({ gaps: [], notifications: [] });
  });
});
