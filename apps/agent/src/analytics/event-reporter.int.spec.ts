import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { reportEvent, type EventReport } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { AppError, createLogger, type Logger } from '@nightjar/runtime';
import { startTestBus, type TestBus, until } from '@nightjar/testing';
import { EventReporter } from './event-reporter.js';
import { EventSpool } from './event-spool.js';

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
  await bus.ready(AbortSignal.timeout(60_000));
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
    let tries = 0;
    // The database is back in time for the later one, whenever that is.
    take = ({ ended_at_unix_ms }) => {
      tries++;
      if (ended_at_unix_ms === null) throw new AppError('unavailable', 'the database is away');
    };
    const settled: string[] = [];
    reporter.report(report('a', { frame_file: 'event_a.jpg' }), () => settled.push('opened'));
    await until(() => tries > 0);
    reporter.report(report('a', { ended_at_unix_ms: 9 }), () => settled.push('closed'));
    expect([reporter.waiting, settled]).toEqual([1, []]);
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

  it('forgets no event because nvr fails on it: it rests, the others go first, and it arrives when nvr can take it', async () => {
    reporter = new EventReporter({ bus, logger, firstRestMs: 20 });
    let tries = 0;
    take = ({ track_id }) => {
      if (track_id === 'a' && ++tries <= 7) throw new AppError('internal', 'a disk is full');
    };
    const settled: string[] = [];
    for (const track of ['a', 'b', 'c']) reporter.report(report(track), () => settled.push(track));
    await until(() => settled.length === 3);
    expect(settled).toEqual(['b', 'c', 'a']);
    expect([tries, reporter.dropped, reporter.waiting]).toEqual([8, 0, 0]);
  });

  it('tries a later report of an event at once on whose former one nvr failed', async () => {
    // What nvr failed on would be tried again after minutes.
    reporter = new EventReporter({ bus, logger, firstRestMs: 600_000 });
    let tries = 0;
    take = ({ payload }) => {
      tries++;
      if (payload.poison) throw new AppError('internal', 'internal error');
    };
    reporter.report(report('a', { payload: { poison: true }, frame_file: 'event_a.jpg' }));
    await until(() => tries > 0);
    expect(reporter.waiting).toBe(1);
    reporter.report(report('a', { ended_at_unix_ms: 9 }));
    await until(() => reporter.waiting === 0);
    expect(taken).toEqual([report('a', { ended_at_unix_ms: 9, frame_file: 'event_a.jpg' })]);
  });

  it('drops the oldest event when more wait than there is room for, and counts', async () => {
    reporter = new EventReporter({ bus, logger, pendingMax: 256 });
    take = () => {
      throw new AppError('unavailable', 'the database is away');
    };
    const settled: number[] = [];
    for (let index = 0; index < 258; index++) reporter.report(report(`t${index}`), () => settled.push(index));
    expect(reporter.waiting).toBe(256);
    expect(settled).toEqual([0, 1]);
    expect(reporter.dropped).toBe(2);
  });

  it('keeps the pictures of as many as wait in the first row only', async () => {
    take = () => {
      throw new AppError('unavailable', 'the database is away');
    };
    const settled: number[] = [];
    for (let index = 0; index < 514; index++)
      reporter.report(report(`t${index}`, { frame_file: `event_t${index}.jpg` }), () => settled.push(index));
    expect([reporter.waiting, settled]).toEqual([514, [512, 513]]);
  });
});

describe('events that nvr has not acknowledged', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-spool-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  const spoolAt = (wallMs: number, entriesMax = 100) => new EventSpool({ directory, entriesMax, wallMs: () => wallMs, logger });
  const away = () => {
    throw new AppError('unavailable', 'the database is away');
  };

  it('survive the agent, are reported by the next one and ended when they were last heard of', async () => {
    take = away;
    const killed = new EventReporter({ bus, logger, spool: spoolAt(70_000) });
    killed.report(report('a', { started_at_unix_ms: 50_000, frame_file: 'event_a.jpg' }));
    killed.report(report('b', { started_at_unix_ms: 51_000 }));
    killed.report(report('b', { started_at_unix_ms: 51_000, ended_at_unix_ms: 60_000 }));
    await until(async () => (await readdir(directory)).length === 2);
    // It says nothing any more, as if it were killed.
    await killed.flush(AbortSignal.abort());
    // Nor is what it said last still on its way.
    await bus.requireConnection().flush();
    take = () => undefined;
    const next = new EventReporter({ bus, logger, spool: spoolAt(90_000) });
    await next.restore();
    await until(() => taken.length === 2);
    expect(taken).toEqual(
      expect.arrayContaining([
        report('a', { started_at_unix_ms: 50_000, ended_at_unix_ms: 70_000, frame_file: 'event_a.jpg' }),
        report('b', { started_at_unix_ms: 51_000, ended_at_unix_ms: 60_000 }),
      ]),
    );
    await until(async () => (await readdir(directory)).length === 0);
    await next.flush(AbortSignal.abort());
  });

  it('leave the disk when they are acknowledged or refused', async () => {
    const spooled = new EventReporter({ bus, logger, spool: spoolAt(0) });
    take = ({ track_id }) => {
      if (track_id === 'b') throw new AppError('not_found', 'no such camera');
    };
    spooled.report(report('a'));
    spooled.report(report('b'));
    await until(() => spooled.waiting === 0);
    await spooled.flush(AbortSignal.timeout(60_000));
    expect(await readdir(directory)).toEqual([]);
  });

  it('are bounded on disk, and files that are none do no harm', async () => {
    take = away;
    const full = new EventReporter({ bus, logger, spool: spoolAt(1_000) });
    for (const track of ['a', 'b', 'c']) full.report(report(track));
    await full.flush(AbortSignal.abort());
    await writeFile(path.join(directory, 'torn.json'), '{"report":');
    const found = await spoolAt(2_000, 2).load();
    expect(found).toHaveLength(2);
    expect(await readdir(directory)).toHaveLength(2);
  });

  it('that the disk does not give back are told of', async () => {
    const errors: string[] = [];
    const listening: Logger = { ...logger, error: (message) => void errors.push(message) };
    const spoolOf = (folder: string) => new EventSpool({ directory: folder, entriesMax: 1, wallMs: () => 0, logger: listening });
    expect(await spoolOf(path.join(directory, 'new')).load()).toEqual([]);
    expect(errors).toEqual([]);
    const file = path.join(directory, 'file');
    await writeFile(file, 'a file in the way');
    expect(await spoolOf(file).load()).toEqual([]);
    expect(errors).toContain('events that waited on disk are not reported: they cannot be read');
  });

  it('wait in memory where the disk takes nothing', async () => {
    await rm(directory, { recursive: true });
    await writeFile(directory, 'a file in the way');
    const spooled = new EventReporter({ bus, logger, spool: spoolAt(0) });
    await spooled.restore();
    spooled.report(report('a'));
    await until(() => taken.length === 1);
    await spooled.flush(AbortSignal.timeout(1_000));
  });
});
