import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { JobId } from '@nightjar/contracts';
import { createJobId } from './job-id.js';
import { MoveNudges } from './move-nudges.js';

const ids = Array.from({ length: 100 }, (_, index) => JobId.parse(createJobId('video', index)));

describe('moves of jobs', () => {
  const told: string[] = [];
  let nudges: MoveNudges;

  beforeEach(() => {
    jest.useFakeTimers();
    told.length = 0;
    nudges = new MoveNudges({ publish: (_fact, payload) => void told.push((payload as { job_id: string }).job_id) });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are told at once when they are alone', () => {
    nudges.tell(ids[0]!);
    jest.advanceTimersByTime(1_000);
    nudges.tell(ids[1]!);
    expect(told).toEqual([ids[0], ids[1]]);
  });

  it('of one moment are one message after the first, and none is left out', () => {
    for (const id of ids) nudges.tell(id);
    expect(told).toEqual([ids[0]]);
    jest.advanceTimersByTime(20);
    expect(told).toEqual([ids[0], ids[99]]);
    jest.advanceTimersByTime(1_000);
    expect(told).toHaveLength(2);
  });

  it('are a message each moment while they go on', () => {
    for (const id of ids) {
      nudges.tell(id);
      jest.advanceTimersByTime(1);
    }
    jest.advanceTimersByTime(20);
    expect(told).toHaveLength(6);
    expect(told.at(-1)).toBe(ids[99]);
  });

  it('that wait are told when the gateway stops', () => {
    nudges.tell(ids[0]!);
    nudges.tell(ids[1]!);
    nudges.stop();
    expect(told).toEqual([ids[0], ids[1]]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
