import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventReport } from '@nightjar/contracts';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { frameAt, objectAt, startUnixMs } from '../analytics/analytic.fixture.js';
import type { TrackedObject } from '../analytics/frame-result.js';
import { PersonEvents } from './person-events.js';

const model = { name: 'test', version: '1', fingerprint: 'f' };

let reports: EventReport[];
let written: string[];
let events: PersonEvents;

beforeEach(() => {
  reports = [];
  written = [];
  events = new PersonEvents({
    cameraId: 1,
    frames: {
      writeEvent: ({ trackId }) => Promise.resolve(`event_${trackId}.jpg`).finally(() => written.push(trackId)),
      removeEvent: () => Promise.resolve(),
    },
    reporter: { report: (report) => void reports.push(report) },
    session: 'abcd',
    clock: new FakeClock(),
    logger: createLogger({ service: 'agent', level: 'silent' }),
  });
});

const see = (second: number, more: Partial<TrackedObject> = {}, x = 500) =>
  events.update(frameAt(second, [objectAt(1, x, 500, more)]), model);

describe('the person events of a camera', () => {
  it('keep the picture of the best moment: a better one is told of, with its box, also when it came too soon to be told at once', async () => {
    see(0, { score: 0.5 });
    see(1, { score: 0.9 }, 600);
    see(2, { score: 0.7 }, 700);
    see(3, { score: 0.95 }, 800);
    see(9, { score: 0.91 });
    await events.closeAll();
    expect(reports.map(({ score, frame_file, ended_at_unix_ms }) => [score, frame_file, ended_at_unix_ms])).toEqual([
      [0.5, 'event_abcd-1.jpg', null],
      // Two seconds after the first: not each frame of somebody who comes nearer.
      [0.9, 'event_abcd-1.2.jpg', null],
      // A tenth better is worth a picture, less is not.
      [0.95, null, startUnixMs + 9_000],
    ]);
    expect(new Set(reports.map(({ track_id, started_at_unix_ms }) => `${track_id} ${started_at_unix_ms}`)).size).toBe(1);
    expect(reports.map(({ payload }) => (payload.bbox as { x: number }).x)).toEqual([0.45, 0.55, 0.55].map((x) => expect.closeTo(x)));
    expect(reports.map(({ payload }) => payload.frame_ts_ms)).toEqual([0, 1, 1].map((second) => startUnixMs + second * 1_000));
  });

  it('tell of a better picture before the end, where there was no time to tell of it earlier', async () => {
    see(0, { score: 0.5 });
    see(1, { score: 0.9 }, 600);
    await events.closeAll();
    expect(reports.map(({ score, frame_file, ended_at_unix_ms }) => [score, frame_file, ended_at_unix_ms])).toEqual([
      [0.5, 'event_abcd-1.jpg', null],
      [0.9, 'event_abcd-1.2.jpg', null],
      [0.9, null, startUnixMs + 1_000],
    ]);
    expect(reports.map(({ payload }) => payload.picture_rank)).toEqual([0.01, 0.018, 0.018].map((rank) => expect.closeTo(rank, 4)));
  });

  it('take somebody who comes nearer for better shown, also when the detector was as sure from afar', async () => {
    const near = { x1: 400, y1: 300, x2: 600, y2: 800 };
    see(0, { score: 0.9 });
    see(3, { score: 0.89, box: near });
    await events.closeAll();
    expect(written).toEqual(['abcd-1', 'abcd-1.2']);
    expect(reports.at(-1)).toMatchObject({ score: 0.9, payload: { bbox: { w: expect.closeTo(0.2) } } });
  });

  it('pass over objects that are no persons, and over pictures that are not better', async () => {
    see(0, { label: 'car' });
    see(1, { score: 0.8 });
    see(5, { score: 0.81 });
    await events.closeAll();
    expect(written).toEqual(['abcd-1']);
    expect(reports.map(({ ended_at_unix_ms }) => ended_at_unix_ms)).toEqual([null, startUnixMs + 5_000]);
  });
});
