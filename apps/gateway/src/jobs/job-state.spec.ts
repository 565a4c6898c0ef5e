import { describe, expect, it } from '@jest/globals';
import { JobState } from '@nightjar/contracts';
import { isTerminal, legalMoves, statesBefore } from './job-state.js';

describe('the states of a job', () => {
  it('finish only from processing, and fail from any state that is not the end', () => {
    expect(statesBefore('finished')).toEqual(['processing']);
    expect(statesBefore('failed')).toEqual(['queued', 'processing']);
    expect(statesBefore('cancelled')).toEqual(['queued', 'processing']);
  });

  it('are never left again once they are terminal', () => {
    expect(JobState.options.filter(isTerminal)).toEqual(['finished', 'failed', 'cancelled']);
    for (const state of JobState.options.filter(isTerminal)) expect(legalMoves[state]).toEqual([]);
  });

  it('can all be reached from queued', () => {
    const reached = new Set<JobState>(['queued']);
    for (const state of reached) legalMoves[state].forEach((next) => reached.add(next));
    expect([...reached].sort()).toEqual([...JobState.options].sort());
  });
});
