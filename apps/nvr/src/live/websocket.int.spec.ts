import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { overlayDrawn, reportEvent, type EventView, type Overlay } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { SocketReader } from '../socket-reader.fixture.js';
import { adminPassword, logIn, startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

let nvr: TestNvr;
let secondCameraId: number;
const readers: SocketReader[] = [];

beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
  const camera = await nvr.database.camera.create({ data: { framesName: 'second', name: 'Second', rtspUrl: 'rtsp://10.0.0.1/1' } });
  secondCameraId = camera.id;
});
afterAll(() => nvr.stop());
afterEach(() => {
  for (const reader of readers.splice(0)) reader.close();
});

async function open(path: string, headers: Record<string, string> = { authorization: `Bearer ${nvr.token}` }): Promise<SocketReader> {
  const reader = await SocketReader.open(`${nvr.url}/api/v1/events/${path}`, headers);
  readers.push(reader);
  if (!reader.refused) await reader.until(({ messages }) => messages.length > 0);
  return reader;
}

async function ticketFor(token: string): Promise<string> {
  const answer = await fetch(`${nvr.url}/api/v1/events/ws-ticket`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  const { expires_in, ticket } = (await answer.json()) as { ticket: string; expires_in: number };
  expect([answer.status, expires_in]).toEqual([200, 30]);
  return ticket;
}

let tracks = 0;
function report(cameraId = 1): Promise<{ event_id: number; seq: number }> {
  const event = { camera_id: cameraId, label: 'person', score: 0.9, track_id: `t-${++tracks}`, started_at_unix_ms: 1_700_000_000_000 };
  return nvr.bus.request(reportEvent, { ...event, ended_at_unix_ms: null, frame_file: null, payload: {} }, { timeoutMs: 60_000 });
}

function overlay(cameraId: number, frameTsMs: number): Overlay {
  const track = { track_id: '1', label: 'person', score: 0.9, bbox: { x: 0.1, y: 0.2, w: 0.3, h: 0.4 } };
  return { camera_id: cameraId, frame_ts_ms: frameTsMs, frame: { w: 640, h: 360 }, tracks: [track] };
}

const idsOf = (reader: SocketReader) => reader.of('notification').map(({ id }) => id);

describe('the live stream as a WebSocket', () => {
  it('tells events with their place in the order and draws overlays without, uncompressed', async () => {
    const reader = await open('stream');
    const { event_id, seq } = await report();
    nvr.bus.publish(overlayDrawn, overlay(1, 5));
    await reader.until(() => reader.messages.length === 3);
    expect(reader.of('opened')).toMatchObject([{ id: expect.any(Number), data: {} }]);
    expect(reader.of('notification')).toMatchObject([{ id: seq, data: { id: event_id, camera_id: 1, label: 'person' } }]);
    expect(reader.of('overlay')).toEqual([{ event: 'overlay', data: overlay(1, 5) }]);
    expect(reader.socket.extensions).toBe('');
  });

  it('is limited to the cameras and types that were asked for', async () => {
    const [ofSecond, overlaysOnly] = [await open(`stream?camera_id=cam${secondCameraId}`), await open('stream?types=overlay')];
    await report(1);
    await report(secondCameraId);
    nvr.bus.publish(overlayDrawn, overlay(1, 1));
    nvr.bus.publish(overlayDrawn, overlay(secondCameraId, 2));
    await ofSecond.until(() => ofSecond.of('overlay').length === 1 && ofSecond.of('notification').length === 1);
    await overlaysOnly.until(() => overlaysOnly.of('overlay').length === 2);
    expect((ofSecond.of('notification')[0]?.data as EventView).camera_id).toBe(secondCameraId);
    expect(overlaysOnly.of('notification')).toEqual([]);
  });

  it('goes on after the last id, and says gap where that is none of ours', async () => {
    const first = await open('stream');
    first.close();
    const missed = [await report(), await report()];
    const second = await open(`stream?last_event_id=${first.lastId}`);
    const next = await report();
    await second.until(() => idsOf(second).length === 3);
    expect(idsOf(second)).toEqual([...missed, next].map(({ seq }) => seq));
    const lost = await open('stream?last_event_id=999999999');
    expect(lost.of('gap')).toMatchObject([{ id: next.seq, data: { last_event_id: 999_999_999, resumed_after: next.seq } }]);
  });

  it.each([
    ['stream?types=everything', 422],
    ['stream?last_event_id=x', 422],
    ['stream?camera_id=99', 404],
    ['ws?camera_id=99', 404],
  ])('refuses the handshake of %s with %i', async (path, status) => {
    expect((await open(path)).refused?.status).toBe(status);
  });

  it('ends with 1009 for who says more than 4 KiB, and does not mind less', async () => {
    const reader = await open('stream');
    reader.socket.send('x'.repeat(4_096));
    const { seq } = await report();
    await reader.until(() => idsOf(reader).includes(seq));
    reader.socket.send('x'.repeat(4_097));
    await reader.until(() => reader.closedWith === 1009);
  });

  it('is not for pages of another site, and is for our own', async () => {
    const headers = { authorization: `Bearer ${nvr.token}` };
    for (const origin of ['https://elsewhere.example', 'null', `${nvr.url}0`])
      expect((await open('stream', { ...headers, origin })).refused?.status).toBe(403);
    expect((await open('stream', { ...headers, origin: nvr.url })).refused).toBeUndefined();
  });

  it('keeps what a slow reader misses in the rows: each notification comes once, of overlays the newest', async () => {
    const slow = await open('stream');
    const other = await open('stream');
    slow.socket.pause();
    const big = { ...overlay(1, 0), tracks: Array.from({ length: 400 }, () => overlay(1, 0).tracks).flat() };
    for (let frame = 1; frame <= 400; frame++) nvr.bus.publish(overlayDrawn, { ...big, frame_ts_ms: frame });
    const reported: number[] = [];
    for (let index = 0; index < 20; index++) reported.push((await report()).seq);
    await other.until(() => (other.of('overlay').at(-1)?.data as Overlay | undefined)?.frame_ts_ms === 400);
    slow.socket.resume();
    await slow.until(() => idsOf(slow).length === 20 && (slow.of('overlay').at(-1)?.data as Overlay).frame_ts_ms === 400);
    expect(idsOf(slow)).toEqual(reported);
    expect(slow.of('overlay').length).toBeLessThan(400);
  });
});

describe('a grant that is taken away', () => {
  it('takes its camera out of streams that are open, and nothing else', async () => {
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const { id: userId } = await nvr.database.user.create({ data: { username: 'former', passwordHash } });
    await nvr.database.cameraGrant.createMany({ data: [1, secondCameraId].map((cameraId) => ({ userId, cameraId })) });
    const authorization = `Bearer ${await logIn(nvr.url, { username: 'former', password: adminPassword })}`;
    const [all, oneCamera] = [await open('stream', { authorization }), await open(`stream?camera_id=second`, { authorization })];
    await nvr.database.cameraGrant.deleteMany({ where: { userId, cameraId: secondCameraId } });
    await oneCamera.until(() => oneCamera.closedWith === 1008);
    const isTold = async () => {
      const { seq: maybe } = await report(secondCameraId);
      const { seq } = await report(1);
      await all.until(() => idsOf(all).includes(seq));
      return idsOf(all).includes(maybe);
    };
    // The streams are looked after one by one within a round: this one perhaps a moment later.
    await until(async () => !(await isTold()));
    expect(await isTold()).toBe(false);
  });
});

describe('an NVR that stops', () => {
  it('says that it goes away, so that the client comes back', async () => {
    const other = await startTestNvr();
    const reader = await SocketReader.open(`${other.url}/api/v1/events/stream`, { authorization: `Bearer ${other.token}` });
    await reader.until(({ messages }) => messages.length > 0);
    await other.stop();
    // What it said last may still be on its way.
    await reader.until(({ closedWith }) => closedWith !== undefined);
    expect(reader.closedWith).toBe(1001);
  });
});

describe('a ticket', () => {
  it('opens one stream without a token, once', async () => {
    const ticket = await ticketFor(nvr.token);
    const reader = await open(`stream?ticket=${ticket}`, {});
    const { seq } = await report();
    await reader.until(() => idsOf(reader).includes(seq));
    for (const path of ['stream', 'ws']) expect((await open(`${path}?ticket=${ticket}`, {})).refused?.status).toBe(401);
    expect(await nvr.database.streamTicket.count()).toBe(0);
  });

  it('used twice at the same moment opens one', async () => {
    const ticket = await ticketFor(nvr.token);
    const both = await Promise.all([1, 2].map(() => open(`stream?ticket=${ticket}`, {})));
    expect(both.map(({ refused }) => refused?.status).sort()).toEqual([401, undefined]);
  });

  it('is too old after 30 s, and opens nothing but live streams', async () => {
    const ticket = await ticketFor(nvr.token);
    for (const path of ['events/latest', 'events', 'auth/me'])
      expect((await fetch(`${nvr.url}/api/v1/${path}?ticket=${ticket}`)).status).toBe(401);
    await nvr.database.streamTicket.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
    expect((await open(`stream?ticket=${ticket}`, {})).refused?.status).toBe(401);
    expect((await open('stream?ticket=nonsense', {})).refused?.status).toBe(401);
    expect((await open('stream', {})).refused?.status).toBe(401);
  });

  it('is its user: it shows his cameras only, and its stream ends with his session', async () => {
    const { passwordHash } = await nvr.database.user.findUniqueOrThrow({ where: { username: 'admin' } });
    const viewer = await nvr.database.user.create({ data: { username: 'viewer', passwordHash } });
    await nvr.database.cameraGrant.create({ data: { userId: viewer.id, cameraId: secondCameraId } });
    const token = await logIn(nvr.url, { username: 'viewer', password: adminPassword });
    const [leftOver, reader] = [await ticketFor(token), await open(`stream?ticket=${await ticketFor(token)}`, {})];
    await report(1);
    const { seq } = await report(secondCameraId);
    await reader.until(() => idsOf(reader).length > 0);
    expect(idsOf(reader)).toEqual([seq]);
    await fetch(`${nvr.url}/api/v1/auth/logout`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect((await open(`stream?ticket=${leftOver}`, {})).refused?.status).toBe(401);
    await reader.until(() => reader.closedWith === 1008);
    expect(reader.pings).toBeGreaterThan(0);
  });

  it('waits in a number that is bounded', async () => {
    for (let index = 0; index < 50; index++) await ticketFor(nvr.token);
    expect((await nvr.fetch('/api/v1/events/ws-ticket', { method: 'POST' })).status).toBe(429);
    await nvr.database.streamTicket.deleteMany({});
  });
});

describe("OpenNVR's WebSocket", () => {
  type Message = { event_type: string; task?: string };
  const typesOf = (reader: SocketReader) => (reader.messages as unknown as Message[]).map(({ event_type, task }) => [event_type, task]);

  it('says what was subscribed to, then tells events and results in its own words', async () => {
    const reader = await open(`ws?ticket=${await ticketFor(nvr.token)}&camera_id=1`, {});
    await report(secondCameraId);
    const { event_id } = await report(1);
    await reader.until(({ messages }) => messages.length === 2);
    nvr.bus.publish(overlayDrawn, overlay(1, 7));
    await reader.until(({ messages }) => messages.length === 3);
    const { frame, tracks: boxes } = overlay(1, 7);
    expect(reader.messages).toMatchObject([
      { event_type: 'subscribed', filters: { camera_id: 1, task: null } },
      { event_type: 'camera_event', camera_id: 1, task: 'track', timestamp: 1_700_000_000_000, payload: { id: event_id } },
      {
        event_type: 'inference_result',
        camera_id: 1,
        model_id: 'tier0',
        task: 'object_detection',
        timestamp: 7,
        payload: {
          detections: boxes.map(({ bbox, label, score, track_id }) => ({ label, confidence: score, bbox, track_id })),
          frame_dimensions: frame,
          ...{ frame, tracks: boxes },
        },
      },
    ]);
  });

  it('tells only of the tasks that were asked for', async () => {
    const reader = await open('ws?task=track&task=alarm');
    nvr.bus.publish(overlayDrawn, overlay(1, 8));
    await report();
    await reader.until(({ messages }) => messages.length === 2);
    expect(typesOf(reader)).toEqual([
      ['subscribed', undefined],
      ['camera_event', 'track'],
    ]);
  });

  it('is none for who asks without a handshake', async () => {
    expect((await nvr.fetch('/api/v1/events/ws')).status).toBe(400);
  });
});
