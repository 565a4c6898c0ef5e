import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { reportEvent, type EventReport } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { AppError, createLogger, sleep } from '@nightjar/runtime';
import { startTestBus, type TestBus, until } from '@nightjar/testing';
import { EventReporter } from './event-reporter.js';

const logger = createLogger({ service: 'agent', level: 'silent' });

let busServer: TestBus;
let bus: Bus;
let reporter: EventReporter;
/** What nvr does with a report. */
let take: (report: EventReport) => void;
let taken: EventReport[];

beforeEach(async () => {
  busServer = await startTestBus();
  bus = Bus.open({ url: busServer.url, name: 'test', logger });
  await bus.ready(AbortSignal.timeout(10_000));
  taken = [];
  take = () => undefined;
  bus.serve(reportEvent, (report) => {
    take(report);
    taken.push(report);
    return { event_id: 1, seq: taken.length };
  });
  reporter = new EventReporter({ bus, logger });
});

afterEach(async () => {
  await reporter.flush(AbortSignal.timeout(1_000));
  await bus.close();
  await busServer.stop();
});

const report = (trackId: string, more: Partial<EventReport> = {}): EventReport => ({
  camera_id: 1,
  label: 'person',
  score: 0.5,
  track_id: trackId,
  started_at_unix_ms: 1,
  ended_at_unix_ms: null,
  frame_file: null,
  payload: {},
  ...more,
});

describe('EventReporter', () => {
  it('brings events in order, each settled once it is acknowledged', async () => {
    const settled: string[] = [];
    for (const track of ['a', 'b', 'c']) reporter.report(report(track), () => settled.push(track));
    await until(() => settled.length === 3);
    expect(taken.map(({ track_id }) => track_id)).toEqual(['a', 'b', 'c']);
  });

  it('puts a later report of an event in the place of one that waits, and keeps its picture until then', async () => {
    let away = true;
    take = () => {
      if (away) throw new AppError('unavailable', 'the database is away');
    };
    const settled: string[] = [];
    reporter.report(report('a', { frame_file: 'event_a.jpg' }), () => settled.push('opened'));
    await sleep(100);
    reporter.report(report('a', { ended_at_unix_ms: 9 }), () => settled.push('closed'));
    expect([reporter.waiting, settled]).toEqual([1, []]);
    away = false;
    await until(() => settled.length === 2);
    expect(taken).toEqual([report('a', { frame_file: 'event_a.jpg', ended_at_unix_ms: 9 })]);
  });

  it('does not send a picture twice when the event goes on while its first report is on its way', async () => {
    take = ({ ended_at_unix_ms }) => {
      if (ended_at_unix_ms === null) reporter.report(report('a', { ended_at_unix_ms: 9 }));
    };
    reporter.report(report('a', { frame_file: 'event_a.jpg' }));
    await until(() => taken.length === 2);
    expect(taken.map(({ frame_file }) => frame_file)).toEqual(['event_a.jpg', null]);
    await until(() => reporter.waiting === 0);
  });

  it('drops what nvr refuses, so that one event never holds up the others', async () => {
    take = ({ track_id }) => {
      if (track_id === 'a') throw new AppError('not_found', 'no such camera');
    };
    reporter.report(report('a'));
    reporter.report(report('b'));
    await until(() => reporter.waiting === 0);
    expect(taken.map(({ track_id }) => track_id)).toEqual(['b']);
  });

  it('drops the oldest event when more than 256 wait', async () => {
    take = () => {
      throw new AppError('unavailable', 'the database is away');
    };
    const settled: number[] = [];
    for (let index = 0; index < 258; index++) reporter.report(report(`t${index}`), () => settled.push(index));
    expect(reporter.waiting).toBe(256);
    expect(settled).toEqual([0, 1]);
  });
});
