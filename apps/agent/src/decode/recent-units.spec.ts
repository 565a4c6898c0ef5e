import { describe, expect, it } from '@jest/globals';
import type { Unit } from '@nightjar/media';
import { RecentUnits } from './recent-units.js';

function unit(sequence: number, isKey = false, bytes = 10): Unit {
  return {
    sequence,
    isKey,
    bytes: Buffer.alloc(bytes),
    codec: 'h264',
    ptsMs: sequence,
    arrivedUnixMs: sequence,
    arrivedMonotonicMs: sequence,
  };
}

const sequences = (units: readonly Unit[]) => units.map(({ sequence }) => sequence);

describe('the units since the last key frame', () => {
  it('are what a decoder needs: from the key frame on, or what it has not had', () => {
    const recent = new RecentUnits();
    recent.push(unit(0));
    expect(sequences(recent.after(undefined))).toEqual([]);
    for (const [sequence, isKey] of [
      [1, true],
      [2, false],
      [3, false],
    ] as const)
      recent.push(unit(sequence, isKey));
    expect(sequences(recent.after(undefined))).toEqual([1, 2, 3]);
    expect(sequences(recent.after(1))).toEqual([2, 3]);
    expect(sequences(recent.after(3))).toEqual([]);
    recent.push(unit(4, true));
    expect(sequences(recent.after(2))).toEqual([4]);
  });

  it('are let go when they do not fit, until the next key frame', () => {
    const recent = new RecentUnits({ bytesMax: 25, unitsMax: 100 });
    for (const made of [unit(0, true), unit(1), unit(2), unit(3)]) recent.push(made);
    expect(recent.overflows).toBe(1);
    expect(recent.after(undefined)).toEqual([]);
    recent.push(unit(4, true));
    expect(sequences(recent.after(undefined))).toEqual([4]);
  });
});
