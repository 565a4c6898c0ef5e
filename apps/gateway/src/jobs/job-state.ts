import type { JobState } from '@nightjar/contracts';

/**
 * Every move a job may make. It is born `queued`, or `finished` when none of its pictures could be taken in.
 * Back from `processing` to `queued`: the agent gave it back, or its lease ran out with attempts left.
 */
export const legalMoves: Readonly<Record<JobState, readonly JobState[]>> = {
  queued: ['processing', 'failed', 'cancelled'],
  processing: ['queued', 'finished', 'failed', 'cancelled'],
  finished: [],
  failed: [],
  cancelled: [],
};

export type TerminalState = Extract<JobState, 'finished' | 'failed' | 'cancelled'>;

/** The states from which a job may move to `next`. */
export function statesBefore(next: JobState): JobState[] {
  return (Object.keys(legalMoves) as JobState[]).filter((state) => legalMoves[state].includes(next));
}

/** Whether nothing follows. */
export function isTerminal(state: JobState): state is TerminalState {
  return legalMoves[state].length === 0;
}
