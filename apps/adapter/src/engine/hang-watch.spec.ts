import { describe, expect, it } from '@jest/globals';
import { describeHang, type ProcessSigns } from './hang-watch.js';

const limits = { hangMs: 10_000, startTimeoutMs: 60_000 };
const lively: ProcessSigns = {
  nowMs: 100_000,
  startingSinceMs: undefined,
  heardMs: 99_500,
  loadingSinceMs: undefined,
  firstDeadlineMs: Infinity,
};
const look = (signs: Partial<ProcessSigns>) => describeHang({ ...lively, ...signs }, limits);

describe('describeHang', () => {
  it('finds nothing wrong with a process that speaks and keeps its deadlines', () => {
    expect(look({})).toBeUndefined();
    expect(look({ heardMs: 90_000 })).toBeUndefined();
    expect(look({ firstDeadlineMs: 200_000 })).toBeUndefined();
    expect(look({ firstDeadlineMs: 90_000 })).toBeUndefined();
  });

  it('gives up a process that is silent, whether it has work or not', () => {
    expect(look({ heardMs: 89_999 })).toBe('it is silent');
  });

  it('gives up a lively process whose request overstays its deadline', () => {
    expect(look({ firstDeadlineMs: 89_999 })).toBe('a request overstayed its deadline');
  });

  it('lets a process that loads a model be silent and late, but not for ever', () => {
    expect(look({ loadingSinceMs: 40_000, heardMs: 40_000, firstDeadlineMs: 41_000 })).toBeUndefined();
    expect(look({ loadingSinceMs: 39_999 })).toBe('it did not load a model in time');
  });

  it('gives a start its own time', () => {
    expect(look({ startingSinceMs: 40_000, heardMs: 0 })).toBeUndefined();
    expect(look({ startingSinceMs: 39_999 })).toBe('it did not start in time');
  });
});
