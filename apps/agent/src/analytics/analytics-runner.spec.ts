import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventReport } from '@nightjar/contracts';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { AlertEvents } from './alert-events.js';
import type { Analytic } from './analytic.js';
import { assignedStream as stream, context, frameAt, objectAt, scaled, startUnixMs } from './analytic.fixture.js';
import { analytics } from './analytics.js';
import { AnalyticsRunner } from './analytics-runner.js';
import { MessageRoads, type EventMessage } from './message-roads.js';

const logger = createLogger({ service: 'agent', level: 'silent' });
const model = { name: 'test', version: '1', fingerprint: 'f' };

let reports: EventReport[];
let sent: { url: string; body: EventMessage }[];
let runner: AnalyticsRunner;
let clock: FakeClock;

/** Throws on the frame at second 3. */
const fragile: Analytic = {
  ...analytics.get('intrusion')!,
  name: 'fragile',
  create: (parameters, given) => {
    const machine = analytics.get('intrusion')!.create(parameters, given);
    return {
      reconfigure: (changed) => machine.reconfigure(changed),
      tick: (moment) => machine.tick(moment),
      close: (moment) => machine.close(moment),
      update: (frame) => {
        if (frame.frame.monotonicMs === 3_000) throw new TypeError('a mistake');
        return machine.update(frame);
      },
    };
  },
};

beforeEach(() => {
  reports = [];
  sent = [];
  clock = new FakeClock();
  const frames = { writeEvent: () => Promise.reject(new Error('no disk here')), removeEvent: () => Promise.resolve() };
  runner = new AnalyticsRunner({
    analytics: new Map([...analytics, ['fragile', fragile]]),
    context,
    events: new AlertEvents({ cameraId: 1, frames, reporter: { report: (report) => void reports.push(report) }, session: 'abcd', logger }),
    roads: new MessageRoads({
      stream,
      sender: { send: ({ url }, body) => void sent.push({ url, body: body as EventMessage }) },
      pictures: { writeOverview: () => Promise.resolve() },
      logger,
    }),
    faces: { take: () => undefined, stop: () => Promise.resolve() },
    clock,
    logger,
  });
});

const people = [objectAt(1, 300, 500), objectAt(2, 700, 500)];
const see = (second: number, tracks = people) => runner.update({ result: frameAt(second, tracks), model });
const settled = () => new Promise((resolve) => setImmediate(resolve));
const zone = (left: number) => ({
  points: [
    [left, 0],
    [1, 0],
    [1, 1],
    [left, 1],
  ],
});

describe('AnalyticsRunner', () => {
  it('counts people where a stream asks for nothing, on every frame and without events', async () => {
    runner.configure([]);
    expect(see(0)).toEqual({
      people_count: {
        frame_estimations: [
          {
            people_count: 2,
            people_coordinates: [
              [300, 500],
              [700, 500],
            ],
            time_offset: 0,
          },
        ],
        events: [],
      },
    });
    expect(see(1, []).people_count?.frame_estimations).toMatchObject([{ people_count: 0, people_coordinates: [] }]);
    await runner.close();
    expect([reports, runner.problem]).toEqual([[], null]);
  });

  it('makes an event of the camera of what an analytic sees, under one name from its begin to its end', async () => {
    runner.configure([{ analytic_name: 'intrusion', parameters: { parameters: { zone: { name: 'yard', ...zone(0.5) } } } }]);
    see(1);
    await runner.close();
    expect(reports).toHaveLength(2);
    expect(reports[0]).toMatchObject({
      camera_id: 1,
      event_type: 'alert',
      label: 'intrusion',
      score: 0.8,
      started_at_unix_ms: startUnixMs + 1_000,
      ended_at_unix_ms: null,
      payload: {
        analytic: 'intrusion',
        zone: 'yard',
        track_id: 'abcd-2',
        label: 'person',
        bbox: { x: expect.closeTo(0.65), y: expect.closeTo(0.4), w: expect.closeTo(0.1), h: expect.closeTo(0.2) },
        model,
      },
    });
    expect(reports[0]!.track_id).toMatch(/^abcd-intrusion-[0-9a-f]{4}1$/);
    expect(reports[0]!.track_id.length).toBeLessThanOrEqual(40);
    expect(reports[1]).toMatchObject({ track_id: reports[0]!.track_id, ended_at_unix_ms: startUnixMs + 1_000 });
  });

  it('tells listeners and callbacks of the same event, each callback by its own conditions', () => {
    const url = 'https://hooks.example/all';
    const callbacks = [
      { type: 'http', url },
      { type: 'http', url: 'https://hooks.example/crowds', filters: { people_count__gte: 3 } },
      { type: 'http', url: 'https://hooks.example/off', enable: 0 },
    ];
    runner.configure([
      { analytic_name: 'people_count', parameters: { callbacks, parameters: { probe_count: 1, rate: { unit: 'frame', period: 1 } } } },
    ]);
    // Its user has just said where it stands.
    runner.describe({ ...stream, location: { city: 'Ely' } });
    const { people_count } = see(0);
    expect(people_count?.events).toEqual([
      {
        account_id: stream.account_id,
        event_type: 'crowd',
        event_create_time: '2023-11-14T22:13:20.000000Z',
        event_end_time: '2023-11-14T22:13:20.000000Z',
        event: {
          stream_id: stream.stream_id,
          event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          track_id: expect.stringMatching(/^id-/),
          people_count: 2,
          location: { city: 'Ely' },
          source: 'yard',
        },
      },
    ]);
    expect(sent).toEqual([{ url, body: people_count?.events?.[0] }]);
  });

  it('leaves listeners in peace when the notification of an analytic is off or for other events', () => {
    const asks = (notification: object) =>
      runner.configure([
        {
          analytic_name: 'occupancy',
          parameters: { callbacks: [{ type: 'luna-ws-notification', ...notification }], parameters: { probe_count: 1 } },
        },
      ]);
    asks({ filters: { people_count__gte: 3 } });
    expect(see(0).occupancy?.events).toEqual([]);
    see(1, []);
    asks({});
    expect(see(2).occupancy?.events).toHaveLength(1);
  });

  it('goes on with the others when one fails, ends its events and says so', async () => {
    runner.configure([
      { analytic_name: 'fragile', parameters: {} },
      { analytic_name: 'occupancy', parameters: {} },
    ]);
    expect(Object.keys(see(2))).toEqual(['fragile', 'occupancy']);
    expect(Object.keys(see(3))).toEqual(['occupancy']);
    expect(runner.problem).toBe('fragile: it failed and was stopped');
    await settled();
    expect(reports.filter(({ label }) => label === 'fragile').map(({ ended_at_unix_ms }) => ended_at_unix_ms)).toEqual([
      null,
      null,
      startUnixMs + 3_000,
      startUnixMs + 3_000,
    ]);
    expect(Object.keys(see(4))).toEqual(['occupancy']);
  });

  it('says what does not run and why, and runs the rest', () => {
    runner.configure([
      { analytic_name: 'mind_reading', parameters: {} },
      { analytic_name: 'people_count', parameters: { parameters: { probe_count: 0 } } },
      { analytic_name: 'occupancy', parameters: {} },
    ]);
    expect(runner.problem).toMatch(/mind_reading: this agent does not know this analytic; people_count: .*probe_count/);
    expect(Object.keys(see(0))).toEqual(['occupancy']);
    runner.configure([{ analytic_name: 'occupancy', parameters: {} }]);
    expect(runner.problem).toBeNull();
  });

  it('changes one analytic while the others go on with what they know', async () => {
    const counting = { analytic_name: 'occupancy', parameters: {} };
    runner.configure([counting, { analytic_name: 'intrusion', parameters: { parameters: { zone: zone(0.5) } } }]);
    see(0);
    see(1);
    runner.configure([counting, { analytic_name: 'intrusion', parameters: { parameters: { zone: zone(0.1) } } }]);
    const results = see(2);
    expect(results.occupancy?.frame_estimations).toMatchObject([{ count: 2, entered: 2, left: 0 }]);
    expect(results.intrusion?.frame_estimations).toMatchObject([{ inside: 2 }]);
    await settled();
    // Who was in the old zone already has no second event.
    expect(reports.filter(({ label }) => label === 'intrusion').map(({ ended_at_unix_ms }) => ended_at_unix_ms)).toEqual([null, null]);
  });

  it('runs two of one name side by side, and ends the one that is taken away', async () => {
    const left = { analytic_name: 'intrusion', parameters: { parameters: { zone: { name: 'all', ...zone(0) } } } };
    const right = { analytic_name: 'intrusion', parameters: { parameters: { zone: { name: 'right', ...zone(0.5) } } } };
    runner.configure([left, right]);
    expect(see(0).intrusion).toMatchObject({
      frame_estimations: [
        { zone: 'all', inside: 2 },
        { zone: 'right', inside: 1 },
      ],
      events: [{}, {}, {}],
    });
    expect(runner.configure([left]).intrusion?.events).toMatchObject([{ event: { status: 'closed', zone: 'right' } }]);
    await settled();
    expect(reports.filter(({ ended_at_unix_ms }) => ended_at_unix_ms !== null)).toHaveLength(1);
  });

  it('knows one that stays by its words when the one before it is taken away, and gives the next one a name of its own', async () => {
    const intrusion = (name: string, left: number) => ({
      analytic_name: 'intrusion',
      parameters: { parameters: { zone: { name, ...zone(left) } } },
    });
    const [all, right, half] = [intrusion('all', 0), intrusion('right', 0.6), intrusion('half', 0.5)];
    runner.configure([all, right]);
    see(0);
    const ended = runner.configure([right]).intrusion?.events;
    expect(ended).toMatchObject([{ event: { status: 'closed', zone: 'all' } }, { event: { status: 'closed', zone: 'all' } }]);
    expect(see(1).intrusion).toEqual({ frame_estimations: [expect.objectContaining({ zone: 'right', inside: 1 })], events: [] });
    runner.configure([half, right]);
    expect(see(2).intrusion?.events).toMatchObject([{ event: { status: 'opened', zone: 'half' } }]);
    await runner.close();
    const told = reports.filter(({ payload }) => payload.zone === 'right');
    expect(told.map(({ ended_at_unix_ms }) => ended_at_unix_ms === null)).toEqual([true, false]);
    expect(new Set(reports.map(({ track_id }) => track_id)).size).toBe(4);
  });

  it('takes the others in their order when several of one name are changed', () => {
    const intrusion = (name: string) => ({ analytic_name: 'intrusion', parameters: { parameters: { zone: { name, ...zone(0) } } } });
    runner.configure([intrusion('a'), intrusion('b'), intrusion('c')]);
    see(0);
    // Nobody who was inside comes in anew: each goes on with what it knows.
    expect(runner.configure([intrusion('A'), intrusion('c'), intrusion('B')])).toEqual({});
    expect(see(1).intrusion).toMatchObject({ frame_estimations: [{ zone: 'A' }, { zone: 'c' }, { zone: 'B' }], events: [] });
  });

  it('lets those go on without an adapter that need to know only what moves', async () => {
    runner.configure([
      { analytic_name: 'motion', parameters: { parameters: { min_duration_seconds: 1 } } },
      { analytic_name: 'occupancy', parameters: {} },
    ]);
    const moves = { share: 0.2, regions: [{ x1: 0, y1: 0, x2: 0.5, y2: 0.4 }] };
    const told = [0, 1, 2].map((second) => runner.tick(frameAt(second, [], moves)));
    expect(told.map((results) => Object.keys(results))).toEqual([['motion'], ['motion'], ['motion']]);
    expect(told[2]!.motion).toMatchObject({ frame_estimations: [{ share: 0.2, moving: true }] });
    await settled();
    expect(reports).toMatchObject([{ label: 'motion', started_at_unix_ms: startUnixMs, ended_at_unix_ms: null }]);
    expect(reports[0]!.payload).not.toHaveProperty('model');
  });

  it('says of a zone, a line or a region that it lies beyond the analysed picture, as long as it does', () => {
    const units = 'pixels';
    const fullHd = [
      [960, 0],
      [1_920, 0],
      [1_920, 1_080],
    ];
    runner.configure([
      { analytic_name: 'intrusion', parameters: { parameters: { zone: { name: 'yard', units, points: fullHd } } } },
      { analytic_name: 'motion', parameters: { parameters: { zone: { name: 'gate', points: fullHd } } } },
      { analytic_name: 'line_crossing', parameters: { parameters: { line: { name: 'door', units, a: [1_000, 0], b: [1_004, 900] } } } },
      { analytic_name: 'people_count', parameters: { parameters: { roi: { x: 1_500, y: 0, width: 10, height: 10 } } } },
    ]);
    see(0);
    const beyond = 'reaches beyond the analysed picture of 1000 × 1000 pixels';
    const misfits = [`intrusion: "yard" ${beyond}`, `motion: "gate" ${beyond}`];
    expect(runner.problem).toBe([...misfits, 'people_count: roi lies outside of the analysed picture of 1000 × 1000 pixels'].join('; '));
    expect(runner.hasFailed).toBe(false);
    runner.update({ result: scaled(frameAt(1, people), 1_920, 1_080), model });
    expect(runner.problem).toBe('motion: "gate" reaches beyond the analysed picture of 1920 × 1080 pixels');
    runner.configure([]);
    expect(runner.problem).toBeNull();
  });

  it('asks for the labels that its analytics watch', () => {
    runner.configure([{ analytic_name: 'intrusion', parameters: { parameters: { labels: ['car', 'person'] } } }]);
    expect(runner.labels).toEqual(['person', 'car']);
    runner.configure([]);
    expect(runner.labels).toEqual(['person']);
  });
});
