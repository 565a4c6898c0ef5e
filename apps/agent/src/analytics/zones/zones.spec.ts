import { describe, expect, it } from '@jest/globals';
import type { AnalyticMachine, AnalyticOutput } from '../analytic.js';
import { alertKinds, begin, frameAt, momentAt, objectAt, scaled, startUnixMs } from '../analytic.fixture.js';
import type { TrackedObject } from '../frame-result.js';
import { intrusion } from './intrusion.js';
import { lineCrossing } from './line-crossing.js';
import { loitering } from './loitering.js';
import { occupancy } from './occupancy.js';

/** The right half of the picture. */
const rightHalf = {
  name: 'yard',
  units: 'normalised',
  points: [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ],
};
const away = objectAt(1, 200, 500);
const inside = objectAt(1, 700, 500);

/** One frame a second. */
function play<Parameters>(machine: AnalyticMachine<Parameters>, frames: readonly (readonly TrackedObject[])[], from = 0): AnalyticOutput[] {
  return frames.map((tracks, index) => machine.update(frameAt(from + index, tracks)));
}

describe('intrusion', () => {
  it('opens when somebody enters the zone, and closes when he has left for longer than the grace', () => {
    const machine = begin(intrusion, { zone: rightHalf, grace_seconds: 2 });
    const outputs = play(machine, [[away], [inside], [inside], [away], [], [], [away]]);
    expect(outputs.map(({ alerts = [] }) => alerts.map(({ kind }) => kind).join())).toEqual(['', 'opened', '', '', '', 'closed', '']);
    expect(outputs[1]!.alerts![0]).toMatchObject({
      startedAtUnixMs: startUnixMs + 1_000,
      details: { zone: 'yard', track: 1, label: 'person' },
    });
    expect(outputs[5]!.alerts![0]).toMatchObject({ endedAtUnixMs: startUnixMs + 2_000, details: { dwell_seconds: 1 } });
  });

  it('counts the edge of the zone as inside, and takes the lower edge of a box when asked to', () => {
    expect(alertKinds(play(begin(intrusion, { zone: rightHalf }), [[objectAt(1, 500, 500)]]))).toEqual(['opened']);
    const floor = {
      units: 'pixels',
      points: [
        [0, 550],
        [1_000, 550],
        [1_000, 1_000],
        [0, 1_000],
      ],
    };
    expect(alertKinds(play(begin(intrusion, { zone: floor }), [[inside]]))).toEqual([]);
    expect(alertKinds(play(begin(intrusion, { zone: floor, anchor: 'bottom' }), [[inside]]))).toEqual(['opened']);
  });

  it('waits for the shortest stay, and passes over tracks of one frame and other labels', () => {
    const machine = begin(intrusion, { zone: rightHalf, min_dwell_seconds: 2, grace_seconds: 0 });
    expect(alertKinds(play(machine, [[inside], [inside], [away], [inside], [inside], [inside]]))).toEqual(['opened']);
    const other = begin(intrusion, { zone: rightHalf });
    expect(alertKinds(play(other, [[objectAt(1, 700, 500, { hits: 1 }), objectAt(2, 700, 500, { label: 'dog' })]]))).toEqual([]);
  });

  it('lets people be there outside of its hours, and ends at their end', () => {
    // 2023-11-14 22:13:20 UTC is a Tuesday.
    const schedule = { intervals: [{ days: ['tue'], from: '22:00', to: '22:14' }] };
    const machine = begin(intrusion, { zone: rightHalf, schedule });
    expect(alertKinds([machine.update(frameAt(0, [inside]))])).toEqual(['opened']);
    expect(alertKinds([machine.update(frameAt(60, [inside]))])).toEqual(['closed']);
    expect(alertKinds([machine.update(frameAt(61, [inside]))])).toEqual([]);
  });

  it('takes over another zone without losing who is in both, and ends who is not', () => {
    const machine = begin(intrusion, { zone: rightHalf, grace_seconds: 0 });
    expect(alertKinds(play(machine, [[inside, objectAt(2, 950, 500)]]))).toEqual(['opened', 'opened']);
    const narrow = {
      points: [
        [0.9, 0],
        [1, 0],
        [1, 1],
        [0.9, 1],
      ],
    };
    machine.reconfigure(intrusion.schema.parse({ parameters: { zone: narrow, grace_seconds: 0 } }));
    const [output] = play(machine, [[inside, objectAt(2, 950, 500)]], 1);
    expect(output!.alerts).toMatchObject([{ kind: 'closed', key: '1' }]);
    expect(machine.close(momentAt(2)).alerts).toMatchObject([{ kind: 'closed', key: '2' }]);
  });

  it('closes also while no frames come', () => {
    const machine = begin(intrusion, { zone: rightHalf });
    play(machine, [[inside]]);
    expect(machine.tick(momentAt(5)).alerts).toEqual([]);
    expect(machine.tick(momentAt(5.1)).alerts).toMatchObject([{ kind: 'closed' }]);
  });

  it('refuses zones that are none, schedules of nowhere and words it does not know', () => {
    const refused = [
      {
        zone: {
          points: [
            [0, 0],
            [1, 1],
          ],
        },
      },
      {
        zone: {
          points: [
            [0, 0],
            [1, 1],
            [-1, 0],
          ],
        },
      },
      { schedule: { timezone: 'Mars/Olympus', intervals: [{ from: '08:00', to: '09:00' }] } },
      { dwell: 3 },
    ];
    for (const parameters of refused) expect(intrusion.schema.safeParse({ parameters }).success).toBe(false);
  });
});

describe('loitering', () => {
  const parameters = { zone: rightHalf, dwell_seconds: 5, grace_seconds: 2 };

  it('opens after the dwell time, counted from the entry, and steps out of the zone within the grace do not begin it anew', () => {
    const machine = begin(loitering, parameters);
    const outputs = play(machine, [[inside], [inside], [], [away], [inside], [inside], [inside]]);
    expect(alertKinds(outputs)).toEqual(['opened']);
    expect(outputs[5]!.alerts).toMatchObject([{ startedAtUnixMs: startUnixMs, details: { dwell_seconds: 5 } }]);
  });

  it('takes two people in turn for two short stays', () => {
    const machine = begin(loitering, parameters);
    const first = [objectAt(1, 700, 500)];
    const second = [objectAt(2, 700, 500)];
    expect(alertKinds(play(machine, [first, first, first, first, second, second, second, second]))).toEqual([]);
  });

  it('begins anew after more than the grace', () => {
    const machine = begin(loitering, parameters);
    expect(alertKinds(play(machine, [[inside], [inside], [inside], [away], [away], [away], [inside], [inside], [inside]]))).toEqual([]);
  });
});

describe('occupancy', () => {
  it('counts every frame, empty ones too, and who came and left', () => {
    const machine = begin(occupancy, { zone: rightHalf, grace_seconds: 0 });
    const outputs = play(machine, [[], [inside, objectAt(2, 800, 500)], [inside, away], [], []]);
    const estimations = outputs.map(({ results }) => results?.frame_estimations?.[0]);
    expect(estimations).toMatchObject([
      { zone: 'yard', count: 0, entered: 0, left: 0 },
      { count: 2, entered: 2, left: 0 },
      { count: 1, entered: 2, left: 1 },
      { count: 0, entered: 2, left: 2 },
      { count: 0, entered: 2, left: 2 },
    ]);
    expect(alertKinds(outputs)).toEqual(['opened', 'closed']);
  });

  it('counts who is there on a frame, but not as one who came when nobody follows him', () => {
    const machine = begin(occupancy, { zone: rightHalf, grace_seconds: 0 });
    // Objects beyond those that the tracker follows have a new id on each frame.
    const crowd = (second: number) => [inside, ...[0, 1, 2].map((place) => objectAt(10 + 3 * second + place, 800, 500, { hits: 1 }))];
    const outputs = play(machine, [crowd(0), crowd(1), crowd(2), []]);
    expect(outputs.map(({ results }) => results?.frame_estimations?.[0])).toMatchObject([
      { count: 4, entered: 1, left: 0 },
      { count: 4, entered: 1, left: 0 },
      { count: 4, entered: 1, left: 0 },
      { count: 0, entered: 1, left: 1 },
    ]);
  });

  it('tells of a zone that is empty when that is asked for', () => {
    const machine = begin(occupancy, { zone: rightHalf, count__gte: 0, count__lte: 0 });
    expect(alertKinds(play(machine, [[inside], [], [], [inside], [inside]]))).toEqual(['opened', 'closed']);
  });

  it('ends its event when nobody looks any more', () => {
    const machine = begin(occupancy, { probe_count: 1 });
    play(machine, [[inside]]);
    expect(machine.tick(momentAt(30)).alerts).toBeUndefined();
    expect(machine.tick(momentAt(31)).alerts).toMatchObject([{ kind: 'closed', key: '1', details: { count: 1 } }]);
  });
});

describe('line_crossing', () => {
  /** From the lower to the upper edge in the middle: left of it is left on the picture. */
  const line = { name: 'door', a: [0.5, 1], b: [0.5, 0] };
  const walk = (parameters: object, ...xs: number[]) =>
    play(
      begin(lineCrossing, { line, ...parameters }),
      xs.map((x) => [objectAt(1, x, 500)]),
    ).flatMap(({ alerts = [] }) => alerts.map((alert) => (alert.kind === 'happened' ? alert.details.direction : alert.kind)));

  it('tells who goes across, and in which direction', () => {
    expect(walk({}, 400, 480, 520, 600)).toEqual(['a_to_b']);
    expect(walk({}, 600, 520, 480, 400)).toEqual(['b_to_a']);
    expect(walk({}, 400, 600, 400)).toEqual(['a_to_b', 'b_to_a']);
  });

  it('does not lose who stops exactly on the line', () => {
    expect(walk({}, 400, 500, 600)).toEqual(['a_to_b']);
    expect(walk({}, 400, 500, 500, 500, 600)).toEqual(['a_to_b']);
    expect(walk({}, 400, 500, 400, 300)).toEqual([]);
    expect(walk({}, 500, 600)).toEqual([]);
  });

  it('takes nobody who stands on the line and trembles for one who crosses', () => {
    // Of 200 pixels height: nearer than 10 is on the line.
    expect(walk({}, 400, 495, 505, 495, 505, 509)).toEqual([]);
    expect(walk({}, 400, 495, 505, 495, 511)).toEqual(['a_to_b']);
    expect(walk({ min_distance: 0 }, 400, 495, 505, 495)).toEqual(['a_to_b', 'b_to_a']);
  });

  it('counts one direction alone when asked to', () => {
    expect(walk({ count_direction: 'a_to_b' }, 400, 600, 400, 600)).toEqual(['a_to_b', 'a_to_b']);
    expect(walk({ count_direction: 'b_to_a' }, 400, 600, 400, 600)).toEqual(['b_to_a']);
  });

  it('passes over who goes around the end of the line', () => {
    const short = { a: [0.5, 1], b: [0.5, 0.6] };
    expect(walk({ line: short }, 400, 600)).toEqual([]);
    const machine = begin(lineCrossing, { line: short });
    // On the line's prolongation, and then to the other side.
    expect(alertKinds(play(machine, [[objectAt(1, 400, 500)], [objectAt(1, 500, 400)], [objectAt(1, 600, 500)]]))).toEqual([]);
  });

  it('keeps a track over an occlusion and forgets it after half a minute', () => {
    const machine = begin(lineCrossing, { line });
    machine.update(frameAt(0, [objectAt(1, 400, 500)]));
    machine.update(frameAt(1, []));
    expect(alertKinds([machine.update(frameAt(3, [objectAt(1, 600, 500)]))])).toEqual(['happened']);
    machine.tick(momentAt(40));
    expect(alertKinds([machine.update(frameAt(41, [objectAt(1, 400, 500)]))])).toEqual([]);
  });

  it('keeps its totals when its parameters change, and forgets where people were when the line moves', () => {
    const machine = begin(lineCrossing, { line });
    play(machine, [[objectAt(1, 400, 500)], [objectAt(1, 600, 500)]]);
    machine.reconfigure(lineCrossing.schema.parse({ parameters: { line: { a: [0.7, 1], b: [0.7, 0] } } }));
    const [first, second] = play(machine, [[objectAt(1, 800, 500)], [objectAt(1, 600, 500)]], 2);
    expect(first!.alerts).toEqual([]);
    expect(second!.alerts).toMatchObject([{ details: { direction: 'b_to_a', totals: { a_to_b: 1, b_to_a: 1 } } }]);
  });

  it('sees who goes across while the picture gets another size, and takes that change for no step', () => {
    const machine = begin(lineCrossing, { line });
    const at = (second: number, x: number) => frameAt(second, [objectAt(1, x, 500)]);
    const outputs = [at(0, 400), scaled(at(1, 400), 320, 180), at(2, 400), scaled(at(3, 700), 320, 180), at(4, 700)];
    expect(outputs.map((frame) => alertKinds([machine.update(frame)]).join())).toEqual(['', '', '', 'happened', '']);
  });

  it('refuses to work without a line', () => {
    expect(lineCrossing.schema.safeParse({ parameters: {} }).success).toBe(false);
  });
});
