import { describe, expect, it } from '@jest/globals';
import { FragmentGroups, type FragmentGroup } from './fragment-groups.js';

const timescale = 1_000;

/** Fragments of 200 ms, with a key frame each `keyEvery`-th. */
function groupsOf(count: number, keyEvery: number): { groups: FragmentGroup[]; rest: FragmentGroup[] } {
  const fragments = new FragmentGroups(timescale);
  const groups = Array.from({ length: count }, (_, index) =>
    fragments.push(
      {
        startTicks: index * 200,
        durationTicks: 200,
        startsWithKeyFrame: index % keyEvery === 0,
        piecesFrom: (originTicks) => [Buffer.from([index, (index * 200 - originTicks) / 100])],
      },
      { unixMs: 5_000 + index, monotonicMs: index },
    ),
  ).flat();
  return { groups, rest: fragments.flush() };
}

const summary = ({ fragment: { durationTicks, startsWithKeyFrame, startTicks } }: FragmentGroup) => [
  startTicks,
  durationTicks,
  startsWithKeyFrame,
];

describe('fragments that are written together', () => {
  it('are a second of the stream, complete when its last one comes', () => {
    const { groups, rest } = groupsOf(10, 5);
    expect(groups.map(summary)).toEqual([
      [0, 1_000, true],
      [1_000, 1_000, true],
    ]);
    expect(groups.map(({ arrived }) => arrived.unixMs)).toEqual([5_004, 5_009]);
    expect(rest).toEqual([]);
  });

  it('never reach over a key frame', () => {
    const { groups, rest } = groupsOf(9, 7);
    expect([...groups, ...rest].map(summary)).toEqual([
      [0, 1_000, true],
      [1_000, 400, false],
      [1_400, 400, true],
    ]);
    expect(rest).toHaveLength(1);
  });

  it('have the bytes of all of them, on the clock of the file', () => {
    const [group] = groupsOf(3, 3).rest;
    expect(Buffer.concat(group?.fragment.piecesFrom(200) ?? [])).toEqual(Buffer.from([0, 254, 1, 0, 2, 2]));
  });
});
