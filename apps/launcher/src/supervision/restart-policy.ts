/** Waits before a restart, one after the other; the last one repeats. */
const restartDelaysMs = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000] as const;
/** A process that was up this long has proved itself: its next failure counts as the first. */
const provenUptimeMs = 60_000;
/** A process that ends before this has not really started. */
const earlyUptimeMs = 10_000;
const earlyFailuresMax = 5;

/** What is remembered of a process that failed. */
export interface FailureHistory {
  /** Failures since it last proved itself. */
  readonly failures: number;
  /** Of these, the last ones in a row that came early. */
  readonly earlyFailures: number;
}

export const noFailures: FailureHistory = { failures: 0, earlyFailures: 0 };

export type RestartDecision =
  { readonly kind: 'restart'; readonly delayMs: number; readonly history: FailureHistory } | { readonly kind: 'give up' };

/** What to do about a process that ended by itself after `uptimeMs`. */
export function decideRestart(history: FailureHistory, uptimeMs: number): RestartDecision {
  const failures = uptimeMs >= provenUptimeMs ? 1 : history.failures + 1;
  const earlyFailures = uptimeMs < earlyUptimeMs ? history.earlyFailures + 1 : 0;
  if (earlyFailures >= earlyFailuresMax) return { kind: 'give up' };
  const delayMs = restartDelaysMs[Math.min(failures, restartDelaysMs.length) - 1] ?? restartDelaysMs[0];
  return { kind: 'restart', delayMs, history: { failures, earlyFailures } };
}
