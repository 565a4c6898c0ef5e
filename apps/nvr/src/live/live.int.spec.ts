import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { overlayDrawn, reportEvent, type EventView, type Overlay } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { SseReader } from '../sse-reader.fixture.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let secondCameraId: number;
const readers: SseReader[] = [];

beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
  const camera = await nvr.database.camera.create({ data: { framesName: 'second', name: 'Second', rtspUrl: 'rtsp://10.0.0.1/1' } });
  secondCameraId = camera.id;
});
afterAll(() => nvr.stop());
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

async function open(query = '', lastEventId?: string): Promise<SseReader> {
  const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream${query}`, {
    authorization: `Bearer ${nvr.token}`,
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  });
  readers.push(reader);
  if (reader.response.status === 200) await reader.until(({ lastId }) => lastId !== undefined);
  return reader;
}

let tracks = 0;
function report(cameraId = 1): Promise<{ event_id: number; seq: number }> {
  const event = {
    camera_id: cameraId,
    label: 'person',
    score: 0.9,
    track_id: `t-${++tracks}`,
    started_at_unix_ms: 1_700_000_000_000,
    ended_at_unix_ms: null,
    frame_file: null,
    payload: {},
  };
  return nvr.bus.request(reportEvent, event, { timeoutMs: 60_000 });
}

function overlay(cameraId: number, frameTsMs: number): Overlay {
  return {
    camera_id: cameraId,
    frame_ts_ms: frameTsMs,
    frame: { w: 640, h: 360 },
    tracks: [{ track_id: '1', label: 'person', score: 0.9, bbox: { x: 0.1, y: 0.2, w: 0.3, h: 0.4 } }],
  };
}

const idsOf = (reader: SseReader) => reader.of('notification').map(({ id }) => Number(id));

describe('the live stream', () => {
  it('says what it is, and not to keep it', async () => {
    const { headers, status } = (await open()).response;
    expect([status, headers.get('content-type'), headers.get('cache-control'), headers.get('x-accel-buffering')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'no-store',
      'no',
    ]);
  });

  it('tells an event within a moment of its commit, with its place in the order as id', async () => {
    const reader = await open();
    const { event_id, seq } = await report();
    await reader.until(() => reader.of('notification').length === 1);
    expect(reader.of('notification')).toMatchObject([{ id: String(seq), data: { id: event_id, camera_id: 1, label: 'person' } }]);
    // Rows are looked at each second anyway: told by that alone, the next one always comes nearly a second later. That this machine has
    // no time for one, or for ten of them, is not the point.
    await until(async () => {
      const [known, startedMs] = [reader.of('notification').length, performance.now()];
      await report();
      await reader.until(() => reader.of('notification').length > known);
      return performance.now() - startedMs < 500;
    });
  });

  it('draws overlays without an id, and never a second time', async () => {
    const reader = await open();
    nvr.bus.publish(overlayDrawn, overlay(1, 5));
    await reader.until(() => reader.of('overlay').length === 1);
    expect(reader.of('overlay')).toEqual([{ id: undefined, event: 'overlay', data: overlay(1, 5) }]);
    const later = await open('', '0');
    await later.until(() => later.of('notification').length > 0);
    expect(later.of('overlay')).toEqual([]);
  });

  it('is limited to the cameras and types that were asked for', async () => {
    const [ofSecond, overlaysOnly] = [await open(`?camera_id=cam${secondCameraId}`), await open('?types=overlay')];
    await report(1);
    await report(secondCameraId);
    nvr.bus.publish(overlayDrawn, overlay(1, 1));
    nvr.bus.publish(overlayDrawn, overlay(secondCameraId, 2));
    await ofSecond.until(() => ofSecond.of('overlay').length === 1 && ofSecond.of('notification').length === 1);
    await overlaysOnly.until(() => overlaysOnly.of('overlay').length === 2);
    expect((ofSecond.of('notification')[0]?.data as EventView).camera_id).toBe(secondCameraId);
    expect(overlaysOnly.of('notification')).toEqual([]);
  });

  it.each([
    ['?types=everything', 422],
    ['?camera_id=99', 404],
  ])('refuses %s with %i', async (query, status) => {
    expect((await open(query)).response.status).toBe(status);
  });
});

describe('a client that comes back', () => {
  it('gets what it missed, in order, then what comes', async () => {
    const first = await open();
    await report();
    await first.until(() => idsOf(first).length === 1);
    first.close();
    const missed = [await report(), await report(), await report()];
    const second = await open('', first.lastId);
    await second.until(() => idsOf(second).length === 3);
    const next = await report();
    await second.until(() => idsOf(second).length === 4);
    expect(idsOf(second)).toEqual([...missed, next].map(({ seq }) => seq));
  });

  it('gets nothing old when it brings no id', async () => {
    await report();
    const reader = await open();
    const { seq } = await report();
    await reader.until(() => idsOf(reader).length === 1);
    expect(idsOf(reader)).toEqual([seq]);
  });

  it('loses nothing and gets nothing twice, though it leaves at random while events come', async () => {
    const first = await open();
    const received: number[] = [];
    let lastId = first.lastId;
    first.close();
    const reported: number[] = [];
    let reporting = true;
    const reports = (async () => {
      for (let index = 0; index < 200; index++) reported.push((await report()).seq);
      reporting = false;
    })();
    for (let connections = 1; reporting || connections <= 5; connections++) {
      const reader = await open('?types=notification', lastId);
      await new Promise((resolve) => setTimeout(resolve, 5 + ((connections * 37) % 60)));
      received.push(...idsOf(reader));
      lastId = reader.lastId;
      reader.close();
    }
    await reports;
    const last = await open('?types=notification', lastId);
    await last.until(() => received.length + idsOf(last).length >= reported.length);
    expect([...received, ...idsOf(last)]).toEqual(reported);
  });

  it('is told of a gap when its last id is not one of ours', async () => {
    const reader = await open('', '999999999');
    await reader.until(() => reader.of('gap').length === 1);
    const { seq } = await report();
    await reader.until(() => idsOf(reader).length === 1);
    expect(reader.of('gap')[0]?.data).toEqual({ last_event_id: 999_999_999, resumed_after: Number(reader.of('gap')[0]?.id) });
    expect(idsOf(reader)).toEqual([seq]);
  });

  it('is told the latest state of an event once, however often it changed meanwhile', async () => {
    const reader = await open();
    reader.close();
    const event = {
      camera_id: 1,
      label: 'person',
      track_id: 'changing',
      started_at_unix_ms: 1_700_000_000_000,
      frame_file: null,
      payload: {},
    };
    for (const [score, ended_at_unix_ms] of [
      [0.5, null],
      [0.6, null],
      [0.7, 1_700_000_009_000],
    ] as const)
      await nvr.bus.request(reportEvent, { ...event, score, ended_at_unix_ms }, { timeoutMs: 60_000 });
    const again = await open('', reader.lastId);
    await again.until(() => idsOf(again).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(again.of('notification').map(({ data }) => (data as EventView).score)).toEqual([0.7]);
  });
});

describe('a client that reads slowly', () => {
  it('gets every notification in the end, and only the newest overlay of each camera', async () => {
    const before = await open();
    const slow = await fetch(`${nvr.url}/api/v1/events/stream`, {
      headers: { authorization: `Bearer ${nvr.token}`, 'last-event-id': before.lastId ?? '' },
    });
    const reader = (slow.body ?? new ReadableStream<Uint8Array>()).getReader();
    await reader.read();
    const big: Overlay = {
      ...overlay(1, 0),
      tracks: Array.from({ length: 400 }, () => overlay(1, 0).tracks[0]).filter((track) => track !== undefined),
    };
    for (let index = 1; index <= 400; index++) nvr.bus.publish(overlayDrawn, { ...big, frame_ts_ms: index });
    const reported: number[] = [];
    for (let index = 0; index < 20; index++) reported.push((await report()).seq);
    await before.until(
      () => (before.of('overlay').at(-1)?.data as Overlay | undefined)?.frame_ts_ms === 400 && idsOf(before).length === 20,
    );
    let text = '';
    const decoder = new TextDecoder();
    while (!text.includes('"frame_ts_ms":400,') || !text.includes(`id: ${reported.at(-1)}\n`))
      text += decoder.decode((await reader.read()).value, { stream: true });
    await reader.cancel();
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)).filter((id) => reported.includes(id));
    const frames = [...text.matchAll(/"frame_ts_ms":(\d+)/g)].map(([, ts]) => Number(ts));
    expect(ids).toEqual(reported);
    expect(frames.at(-1)).toBe(400);
    expect(frames.length).toBeLessThan(400);
  });
});

describe('the stream of somebody who was switched off', () => {
  it('ends', async () => {
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    await nvr.database.user.create({ data: { username: 'leaver', passwordHash, isSuperuser: true, roleId: 1 } });
    const token = await logIn(nvr.url, { username: 'leaver', password: adminPassword });
    const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream`, { authorization: `Bearer ${token}` });
    readers.push(reader);
    await nvr.database.user.update({ where: { username: 'leaver' }, data: { isActive: false } });
    await reader.until(({ ended }) => ended);
    expect(reader.comments).toBeGreaterThan(0);
  });
});
