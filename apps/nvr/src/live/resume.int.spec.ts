import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { reportEvent } from '@nightjar/contracts';
import { until } from '@nightjar/testing';
import { SocketReader } from '../socket-reader.fixture.js';
import { SseReader } from '../sse-reader.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';

/** `RESUME_DISCONNECTS=1000` for the long run. */
const disconnects = Number(process.env.RESUME_DISCONNECTS ?? 100);
const reportsInFlightMax = 4;
/** Longest time that a connection lives; some end before their first message. */
const connectionMaxMs = 60;

let nvr: TestNvr;
let otherCameraId: number;
beforeAll(async () => {
  // Clients are told their position again and again.
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera', liveBeatMs: 40 });
  const camera = await nvr.database.camera.create({ data: { framesName: 'other', name: 'Other', rtspUrl: 'rtsp://10.0.0.1/other' } });
  otherCameraId = camera.id;
});
afterAll(() => nvr.stop());

/** One connection that resumed after an id: what it has got so far. */
interface Connection {
  received(): number[];
  lastId(): number | undefined;
  close(): void;
}

async function openSse(afterId: number, filter: string): Promise<Connection> {
  const headers = { authorization: `Bearer ${nvr.token}`, 'last-event-id': String(afterId) };
  const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream?types=notification${filter}`, headers);
  return {
    received: () => reader.of('notification').map(({ id }) => Number(id)),
    lastId: () => (reader.lastId === undefined ? undefined : Number(reader.lastId)),
    close: () => reader.close(),
  };
}

async function openSocket(afterId: number, filter: string): Promise<Connection> {
  const url = `${nvr.url}/api/v1/events/stream?types=notification&last_event_id=${afterId}${filter}`;
  const reader = await SocketReader.open(url, { authorization: `Bearer ${nvr.token}` });
  return {
    received: () => reader.of('notification').map(({ id }) => Number(id)),
    lastId: () => reader.lastId,
    close: () => reader.close(),
  };
}

/**
 * Reports events of both cameras, some at once, until it is told to stop, and more of those that are wanted than there are cuts.
 * @returns the ids of those, in the order of commits
 */
async function reportUntil(isOver: () => boolean, { isWanted, kind }: { isWanted: (cameraId: number) => boolean; kind: string }) {
  const reported: number[] = [];
  let count = 0;
  const reporters = Array.from({ length: reportsInFlightMax }, async () => {
    while (!isOver() || reported.length <= disconnects) {
      const camera_id = ++count % 2 === 0 ? 1 : otherCameraId;
      const event = { camera_id, label: 'person', score: 0.9, track_id: `${kind}-${count}`, started_at_unix_ms: 1_700_000_000_000 };
      const report = { ...event, ended_at_unix_ms: null, frame_file: null, payload: {} };
      const { seq } = await nvr.bus.request(reportEvent, report, { timeoutMs: 60_000 });
      if (isWanted(camera_id)) reported.push(seq);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  await Promise.all(reporters);
  return reported.sort((a, b) => a - b);
}

describe(`a client that is cut off at random ${disconnects} times while events come`, () => {
  it.each([
    ['Server-Sent Events', openSse, ''],
    ['WebSocket', openSocket, ''],
    ['Server-Sent Events of one camera', openSse, '&camera_id=1'],
    ['WebSocket of one camera', openSocket, '&camera_id=1'],
  ])(
    'has every notification once and in order in the end: %s',
    async (kind, open, filter) => {
      const received: number[] = [];
      let lastId = Number((await nvr.database.event.aggregate({ _max: { seq: true } }))._max.seq ?? 0);
      let cuts = 0;
      const reporting = reportUntil(() => cuts >= disconnects, { kind, isWanted: (cameraId) => filter === '' || cameraId === 1 });
      while (cuts < disconnects) {
        const connection = await open(lastId, filter);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * connectionMaxMs));
        received.push(...connection.received());
        lastId = connection.lastId() ?? lastId;
        connection.close();
        cuts++;
      }
      const reported = await reporting;
      const last = await open(lastId, filter);
      await until(() => received.length + last.received().length >= reported.length);
      received.push(...last.received());
      last.close();
      expect(received).toEqual(reported);
      expect(reported.length).toBeGreaterThan(disconnects);
    },
    180_000 + disconnects * 500,
  );
});
