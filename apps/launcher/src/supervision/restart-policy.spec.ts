import { describe, expect, it } from '@jest/globals';
import { decideRestart, noFailures, type FailureHistory, type RestartDecision } from './restart-policy.js';

/** Decisions for a process that ends again and again, up for the given times. */
function failRepeatedly(uptimesMs: readonly number[]): RestartDecision[] {
  let history: FailureHistory = noFailures;
  return uptimesMs.map((uptimeMs) => {
    const decision = decideRestart(history, uptimeMs);
    if (decision.kind === 'restart') history = decision.history;
    return decision;
  });
}

const delaysOf = (decisions: readonly RestartDecision[]): (number | string)[] =>
  decisions.map((decision) => (decision.kind === 'restart' ? decision.delayMs / 1000 : decision.kind));

describe('the restart of a process that ended', () => {
  it.each([
    ['waits longer each time, half a minute at most', Array<number>(8).fill(11_000), [1, 2, 4, 8, 16, 30, 30, 30]],
    ['begins anew after a minute up', [11_000, 11_000, 60_000, 11_000], [1, 2, 1, 2]],
    ['is given up at the fifth end within its first 10 s', Array<number>(5).fill(2_000), [1, 2, 4, 8, 'give up']],
    ['is not given up when it was up for longer in between', [1_000, 1_000, 1_000, 1_000, 12_000, 1_000], [1, 2, 4, 8, 16, 30]],
  ])('%s', (_case, uptimesMs, expected) => {
    expect(delaysOf(failRepeatedly(uptimesMs))).toEqual(expected);
  });
});
