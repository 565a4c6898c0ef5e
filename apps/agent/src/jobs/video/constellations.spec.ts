import { describe, expect, it } from '@jest/globals';
import type { TimeSegment } from '@nightjar/contracts';
import { groupConstellations as group } from './constellations.js';
import { followPersons, type AnalysedFrame } from './person-tracks.js';
import { groupPersons } from './persons.js';

const picture = { w: 1_000, h: 500 };
/** A box of 100 × 200: 4 % of the picture. */
const personAt = (left: number) => ({ bbox: [left, 100, 100, 200] as [number, number, number, number], label: 'person', confidence: 0.9 });

/** Two frames a second; `lefts[n]`: where persons stand on frame n. */
function frames(lefts: readonly (readonly number[])[], fromSeconds = 0): AnalysedFrame[] {
  return lefts.map((row, index) => ({ atSeconds: fromSeconds + index / 2, found: { picture, detections: row.map(personAt) } }));
}

function groupConstellations({ frames: found, shots }: { frames: readonly AnalysedFrame[]; shots: readonly TimeSegment[] }) {
  const tracked = followPersons(found, shots);
  return group({ frames: tracked, shots, persons: groupPersons({ frames: tracked, faces: [], threshold: undefined }) });
}

const segments = (scenes: ReturnType<typeof groupConstellations>) =>
  scenes.map(({ time_segment, person_ids }) => [time_segment.start_seconds, time_segment.end_seconds, person_ids.length]);
const oneShot = (endSeconds: number) => [{ start_seconds: 0, end_seconds: endSeconds }];
const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);

describe('groupConstellations', () => {
  it('begins a scene whenever the set of persons on screen changes', () => {
    const found = frames([...times(4, [100]), ...times(4, [100, 600]), ...times(4, [600])]);
    expect(segments(groupConstellations({ frames: found, shots: oneShot(6) }))).toEqual([
      [0, 2, 1],
      [2, 4, 2],
      [4, 6, 1],
    ]);
  });

  it('leaves out the time without anybody', () => {
    const found = frames([...times(4, [100]), ...times(14, []), ...times(4, [600])]);
    expect(segments(groupConstellations({ frames: found, shots: oneShot(11) }))).toEqual([
      [0, 2, 1],
      [9, 11, 1],
    ]);
  });

  it('bridges frames on which the detector blinked', () => {
    const found = frames([[100], [100], [], [100], [100], [100]]);
    expect(segments(groupConstellations({ frames: found, shots: oneShot(3) }))).toEqual([[0, 3, 1]]);
  });

  it('does not believe somebody who was seen once', () => {
    const found = frames([[100], [100], [100, 600], [100], [100], [100]]);
    expect(segments(groupConstellations({ frames: found, shots: oneShot(3) }))).toEqual([[0, 3, 1]]);
  });

  it('ends every person at a cut, even one who stands at the same place after it', () => {
    const shots = [
      { start_seconds: 0, end_seconds: 1.9 },
      { start_seconds: 1.9, end_seconds: 4 },
    ];
    expect(segments(groupConstellations({ frames: frames(times(8, [100])), shots }))).toEqual([
      [0, 1.9, 1],
      [1.9, 4, 1],
    ]);
  });

  it('joins a run of less than a second with the neighbour that is most like it', () => {
    // The second person is there for two frames, but the first of them stands in the middle of a second.
    const shots = oneShot(4.2);
    const uneven: AnalysedFrame[] = [0, 0.5, 1, 1.5, 1.9, 2.1, 2.5, 3, 3.5, 4].map((atSeconds) => ({
      atSeconds,
      found: { picture, detections: [100, ...(atSeconds > 1.6 && atSeconds < 2.2 ? [600] : [])].map(personAt) },
    }));
    expect(segments(groupConstellations({ frames: uneven, shots }))).toEqual([[0, 4.2, 1]]);
  });

  it('tells prominence as the share of the frame, times the share of the scene', () => {
    const always = groupConstellations({ frames: frames(times(6, [100])), shots: oneShot(3) });
    expect(always[0]?.person_ids[0]?.relative_prominence).toBeCloseTo(0.04, 4);
    const twoThirds = groupConstellations({ frames: frames([[100], [100], [], [], [100], [100]]), shots: oneShot(3) });
    expect(twoThirds[0]?.person_ids[0]?.relative_prominence).toBeCloseTo(0.04 * (4 / 6), 4);
  });

  it('keeps neutral values for somebody whose face was not seen', () => {
    const [scene] = groupConstellations({ frames: frames(times(3, [100])), shots: oneShot(1.5) });
    expect(scene?.person_ids[0]).toMatchObject({
      age: null,
      gender: 'unidentified',
      face_embedding: [],
      face_thumbnail: null,
      allowlisted: false,
    });
  });

  it('counts persons only', () => {
    const dog = { bbox: [100, 100, 100, 200] as [number, number, number, number], label: 'dog', confidence: 0.9 };
    const found = times(4, 0).map((_zero, index) => ({ atSeconds: index / 2, found: { picture, detections: [dog] } }));
    expect(groupConstellations({ frames: found, shots: oneShot(2) })).toEqual([]);
  });

  it('tells somebody who left and came back within a shot only while on screen', () => {
    const found = frames([...times(4, [100]), ...times(20, []), ...times(4, [600])]);
    const shots = oneShot(14);
    const tracked = followPersons(found, shots);
    const persons = {
      personOf: new Map([
        [1, 1],
        [2, 1],
      ]),
      features: new Map(),
    };
    expect(segments(group({ frames: tracked, shots, persons }))).toEqual([
      [0, 2, 1],
      [12, 14, 1],
    ]);
  });

  it('tells fewer persons when they have large faces', () => {
    const shots = Array.from({ length: 300 }, (_unused, index) => ({ start_seconds: index * 2, end_seconds: index * 2 + 2 }));
    const tracked = followPersons(
      frames(
        times(
          1_200,
          Array.from({ length: 16 }, (_one, person) => person * 60),
        ),
      ),
      shots,
    );
    const face = {
      age: 30,
      gender: 'female' as const,
      face_embedding: new Array<number>(4_096).fill(0.01),
      face_thumbnail: 'x'.repeat(16_000),
    };
    const tracks = new Set(tracked.flatMap(({ sightings }) => [...sightings.keys()]));
    const persons = { personOf: new Map(), features: new Map([...tracks].map((track) => [track, face])) };
    const count = group({ frames: tracked, shots, persons }).reduce((sum, { person_ids }) => sum + person_ids.length, 0);
    expect(count * (9 * 4_096 + 16_000)).toBeLessThan(28 * 1024 * 1024);
  });

  it('stays within what one message holds when a crowd changes all the time', () => {
    const crowd = Array.from({ length: 1_200 }, (_unused, index) => ({
      atSeconds: index / 2,
      found: { picture, detections: Array.from({ length: 16 }, (_one, person) => personAt(person * 60 + (index % 6 < 3 ? 0 : 30))) },
    }));
    const shots = Array.from({ length: 300 }, (_unused, index) => ({ start_seconds: index * 2, end_seconds: index * 2 + 2 }));
    const scenes = groupConstellations({ frames: crowd, shots });
    expect(scenes.reduce((sum, { person_ids }) => sum + person_ids.length, 0)).toBeLessThanOrEqual(4_000);
  });
});
