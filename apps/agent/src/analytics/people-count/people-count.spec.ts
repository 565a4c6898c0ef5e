import { describe, expect, it } from '@jest/globals';
import { begin, frameAt, momentAt, objectAt, startUnixMs } from '../analytic.fixture.js';
import { plainPeopleCount } from './parameters.js';
import { peopleCount } from './people-count.js';

const everyFrame = { rate: { unit: 'frame', period: 1 } };
const people = (count: number) => Array.from({ length: count }, (_, index) => objectAt(index + 1, 100 + index * 100, 500));

/** The messages of a machine that sees so many people, second by second. */
function messagesOf(parameters: object, counts: readonly number[], targets: readonly string[] = []) {
  const machine = begin(peopleCount, { ...everyFrame, ...parameters }, targets);
  return counts.map((count, second) => machine.update(frameAt(second, people(count))).messages ?? []);
}

describe('people_count', () => {
  it('counts on every tenth frame unless told otherwise, empty frames too', () => {
    const machine = begin(peopleCount);
    const told = Array.from({ length: 21 }, (_, second) => machine.update(frameAt(second, second < 10 ? people(3) : [])).results);
    expect(told.flatMap((results, second) => (results ? [[second, results.frame_estimations]] : []))).toEqual([
      [0, [{ people_count: 3, time_offset: 0 }]],
      [10, [{ people_count: 0, time_offset: 10 }]],
      [20, [{ people_count: 0, time_offset: 20 }]],
    ]);
  });

  it('counts after a period in seconds', () => {
    const machine = begin(peopleCount, { rate: { unit: 'second', period: 2 } });
    const told = [0, 0.5, 1.9, 2, 3, 4.1].filter((second) => machine.update(frameAt(second, [])).results);
    expect(told).toEqual([0, 2, 4.1]);
  });

  it('tells where the people are when asked to, in pixels of the camera picture', () => {
    const machine = begin(peopleCount, everyFrame, ['coordinates']);
    const frame = frameAt(0, [objectAt(1, 500, 250)]);
    const large = { ...frame, frame: { ...frame.frame, picture: { ...frame.frame.picture, width: 2_000, height: 4_000 } } };
    expect(machine.update(large).results).toEqual({
      frame_estimations: [{ people_count: 1, people_coordinates: [[1_000, 1_000]], time_offset: 0 }],
    });
  });

  it.each([
    [{ roi: { x: 0, y: 0, width: 250, height: 1_000, mode: 'abs' } }, 2],
    [{ droi: { x: 0, y: 0, width: 25, height: 100, mode: 'percent' } }, 2],
    [{ roi: { x: 150, y: 0, width: 500, height: 1_000 }, droi: { x: 0, y: 0, width: 25, height: 100, mode: 'percent' } }, 1],
    [{ roi: { x: 0, y: 0, width: 0, height: 0 } }, 4],
  ])('counts only in the regions %j', (regions, expected) => {
    const machine = begin(peopleCount, { ...everyFrame, ...regions });
    expect(machine.update(frameAt(0, people(4))).results?.frame_estimations).toEqual([{ people_count: expected, time_offset: 0 }]);
  });

  it('opens an event after probe_count counts above the threshold, and closes it after as many that are not', () => {
    const machine = begin(peopleCount, { ...everyFrame, probe_count: 2, people_count_threshold: 1 });
    const alerts = [1, 2, 1, 2, 3, 1, 2, 1, 1, 0].map((count, second) => machine.update(frameAt(second, people(count))).alerts ?? []);
    expect(alerts.map((list) => list.map(({ kind }) => kind).join())).toEqual(['', '', '', '', 'opened', '', '', '', 'closed', '']);
    expect(alerts[4]![0]).toMatchObject({ startedAtUnixMs: startUnixMs + 3_000, details: { people_count: 3 } });
    expect(alerts[8]![0]).toMatchObject({ endedAtUnixMs: startUnixMs + 6_000, details: { people_count: 3 } });
  });

  it('takes a range of counts in the place of the threshold', () => {
    const told = messagesOf({ probe_count: 1, people_count__gte: 2, people_count__lte: 3 }, [1, 2, 3, 4, 3]);
    expect(told.map((messages) => messages.length)).toEqual([0, 1, 0, 0, 1]);
  });

  it('tells events as they start, as they end, or while they last, one crossing under one id', () => {
    const counts = [0, 2, 2, 2, 2, 2, 0, 0];
    const lengths = (policy: object | null) => messagesOf({ event_policy: policy }, counts).map((messages) => messages.length);
    expect(lengths({ trigger: 'start' })).toEqual([0, 0, 1, 0, 0, 0, 0, 0]);
    expect(lengths({ trigger: 'end' })).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(lengths({ trigger: 'period', interval: 2 })).toEqual([0, 0, 0, 1, 0, 1, 0, 0]);
    expect(lengths(null)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const period = messagesOf({ event_policy: { trigger: 'period', interval: 1 } }, counts).flat();
    expect(new Set(period.map(({ event }) => event.track_id)).size).toBe(1);
  });

  it('tells of an event that ended the most people there were, so that a filter for many lets it through', () => {
    const end = { probe_count: 2, people_count_threshold: 4, event_policy: { trigger: 'end' } };
    const [message] = messagesOf(end, [0, 6, 7, 6, 1, 1]).flat();
    expect(message).toMatchObject({ count: 7, event: { people_count: 7 } });
    // Nobody looks any more.
    const machine = begin(peopleCount, { ...everyFrame, ...end });
    for (const second of [0, 1]) machine.update(frameAt(second, people(6)));
    expect(machine.close(momentAt(2)).messages).toMatchObject([{ count: 6, event: { people_count: 6 } }]);
  });

  it('closes an event that is open when its user asks for no more events', () => {
    const machine = begin(peopleCount, { ...everyFrame, probe_count: 1 });
    expect(machine.update(frameAt(0, people(3))).alerts).toMatchObject([{ kind: 'opened' }]);
    machine.reconfigure(peopleCount.schema.parse({ parameters: { ...everyFrame, probe_count: 1, event_policy: null } }));
    expect(machine.update(frameAt(1, []))).toMatchObject({ alerts: [{ kind: 'closed' }], messages: [] });
    expect(machine.update(frameAt(2, people(3))).alerts).toEqual([]);
    expect(machine.close(momentAt(3)).alerts).toEqual([]);
  });

  it('says in an event when it began, when it was last seen, and with overview what there was to see', () => {
    const [, , messages] = messagesOf({ image_retain_policy: { max_size: 320 } }, [0, 1, 2], ['overview']);
    expect(messages).toEqual([
      {
        eventType: 'crowd',
        createdAtUnixMs: startUnixMs + 1_000,
        endedAtUnixMs: startUnixMs + 2_000,
        count: 2,
        event: {
          track_id: expect.stringMatching(/^id-/),
          people_count: 2,
          overview: {
            people_coordinates: [
              [100, 500],
              [200, 500],
            ],
            time_offset: 2,
          },
        },
        image: { mimetype: 'JPEG', quality: 1, max_size: 320 },
      },
    ]);
  });

  it('goes on with an open event when its parameters change', () => {
    const machine = begin(peopleCount, { ...everyFrame, probe_count: 1 });
    expect(machine.update(frameAt(0, people(2))).alerts).toHaveLength(1);
    machine.reconfigure(peopleCount.schema.parse({ parameters: { ...everyFrame, probe_count: 1, people_count_threshold: 2 } }));
    expect(machine.update(frameAt(1, people(2))).alerts?.map(({ kind }) => kind)).toEqual(['closed']);
  });

  it('ends an event when nobody looks any more, and half a minute after the last frame', () => {
    const machine = begin(peopleCount, { ...everyFrame, probe_count: 1, event_policy: { trigger: 'end' } });
    machine.update(frameAt(0, people(2)));
    expect(machine.tick(momentAt(30)).alerts).toBeUndefined();
    expect(machine.tick(momentAt(31))).toMatchObject({ alerts: [{ kind: 'closed' }], messages: [{ eventType: 'crowd' }] });
    machine.update(frameAt(40, people(2)));
    expect(machine.close(momentAt(41)).alerts).toHaveLength(1);
  });

  it('is not blind between two counts that lie further apart than half a minute', () => {
    const machine = begin(peopleCount, { rate: { unit: 'second', period: 60 }, probe_count: 1 });
    const kinds: unknown[] = [];
    for (let second = 0; second <= 200; second++) {
      // An adapter answers late now and then.
      const { alerts = [] } = second % 45 === 44 ? machine.tick(momentAt(second)) : machine.update(frameAt(second, people(2)));
      kinds.push(...alerts.map(({ kind }) => kind));
    }
    expect(kinds).toEqual(['opened']);
  });

  it('has no events of its own where a stream asks for no analytics', () => {
    const machine = peopleCount.create(peopleCount.schema.parse(plainPeopleCount), { startedMonotonicMs: 0, newId: () => 'x' });
    for (const second of [0, 1, 2, 3]) expect(machine.update(frameAt(second, people(2)))).toMatchObject({ alerts: [], messages: [] });
  });

  it('refuses parameters out of bounds and passes over members of later versions', () => {
    const refused = [
      { parameters: { probe_count: 0 } },
      { parameters: { rate: { unit: 'hour', period: 1 } } },
      { parameters: { image_retain_policy: { quality: 2 } } },
      { parameters: { roi: { x: 50, width: 60, height: 1, mode: 'percent' } } },
      { targets: ['faces'] },
      { callbacks: [{ type: 'http', url: 'file:///etc/passwd' }] },
      { callbacks: [{ type: 'http', url: 'http://a.example', params: { headers: { Host: 'b' } } }] },
      { callbacks: Array.from({ length: 11 }, () => ({ type: 'luna-ws-notification' })) },
    ];
    for (const document of refused) expect(peopleCount.schema.safeParse(document).success).toBe(false);
    expect(peopleCount.schema.safeParse({ parameters: { image_retain_policy: { ttl: -1 }, newer: 1 } }).success).toBe(true);
  });
});
