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
beforeAll(async () => {
  nvr = await startTestNvr({ demoCameraUrl: 'rtsp://127.0.0.1:18554/camera' });
});
afterAll(() => nvr.stop());

/** One connection that resumed after an id: what it has got so far. */
interface Connection {
  received(): number[];
  lastId(): number | undefined;
  close(): void;
}

async function openSse(afterId: number): Promise<Connection> {
  const headers = { authorization: `Bearer ${nvr.token}`, 'last-event-id': String(afterId) };
  const reader = await SseReader.open(`${nvr.url}/api/v1/events/stream?types=notification`, headers);
  return {
    received: () => reader.of('notification').map(({ id }) => Number(id)),
    lastId: () => (reader.lastId === undefined ? undefined : Number(reader.lastId)),
    close: () => reader.close(),
  };
}

async function openSocket(afterId: number): Promise<Connection> {
  const url = `${nvr.url}/api/v1/events/stream?types=notification&last_event_id=${afterId}`;
  const reader = await SocketReader.open(url, { authorization: `Bearer ${nvr.token}` });
  return {
    received: () => reader.of('notification').map(({ id }) => Number(id)),
    lastId: () => reader.lastId,
    close: () => reader.close(),
  };
}

/** Reports events, some at once, until it is told to stop. @returns the ids of their notifications, in the order of commits */
async function reportUntil(isOver: () => boolean, kind: string): Promise<number[]> {
  const reported: number[] = [];
  let count = 0;
  const reporters = Array.from({ length: reportsInFlightMax }, async () => {
    while (!isOver()) {
      const event = { camera_id: 1, label: 'person', score: 0.9, track_id: `${kind}-${++count}`, started_at_unix_ms: 1_700_000_000_000 };
      const report = { ...event, ended_at_unix_ms: null, frame_file: null, payload: {} };
      reported.push((await nvr.bus.request(reportEvent, report, { timeoutMs: 20_000 })).seq);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  await Promise.all(reporters);
  return reported.sort((a, b) => a - b);
}

describe(`a client that is cut off at random ${disconnects} times while events come`, () => {
  it.each([
    ['Server-Sent Events', openSse],
    ['WebSocket', openSocket],
  ])(
    'has every notification once and in order in the end: %s',
    async (kind, open) => {
      const received: number[] = [];
      let lastId = Number((await nvr.database.event.aggregate({ _max: { seq: true } }))._max.seq ?? 0);
      let cuts = 0;
      const reporting = reportUntil(() => cuts >= disconnects, kind);
      while (cuts < disconnects) {
        const connection = await open(lastId);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * connectionMaxMs));
        received.push(...connection.received());
        lastId = connection.lastId() ?? lastId;
        connection.close();
        cuts++;
      }
      const reported = await reporting;
      const last = await open(lastId);
      await until(() => received.length + last.received().length >= reported.length, 20_000);
      received.push(...last.received());
      last.close();
      expect(received).toEqual(reported);
      expect(reported.length).toBeGreaterThan(disconnects);
    },
    60_000 + disconnects * 500,
  );
});
