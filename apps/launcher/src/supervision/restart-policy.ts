/** Waits before a restart, one after the other; the last one repeats. */
export const RESTART_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000] as const;
/** A process that was up this long has proved itself: its next failure counts as the first. */
const PROVEN_UPTIME_MS = 60_000;
/** A process that ends before this has not really started. */
const EARLY_UPTIME_MS = 10_000;
const EARLY_FAILURES_MAX = 5;

/** What is remembered of a process that failed. */
export interface FailureHistory {
  /** Failures since it last proved itself. */
  readonly failures: number;
  /** Of these, the last ones in a row that came early. */
  readonly earlyFailures: number;
}

export const NO_FAILURES: FailureHistory = { failures: 0, earlyFailures: 0 };

export type RestartDecision =
  { readonly kind: 'restart'; readonly delayMs: number; readonly history: FailureHistory } | { readonly kind: 'give up' };

/** What to do about a process that ended by itself after `uptimeMs`. */
export function decideRestart(history: FailureHistory, uptimeMs: number): RestartDecision {
  const failures = uptimeMs >= PROVEN_UPTIME_MS ? 1 : history.failures + 1;
  const earlyFailures = uptimeMs < EARLY_UPTIME_MS ? history.earlyFailures + 1 : 0;
  if (earlyFailures >= EARLY_FAILURES_MAX) return { kind: 'give up' };
  const delayMs = RESTART_DELAYS_MS[Math.min(failures, RESTART_DELAYS_MS.length) - 1] ?? RESTART_DELAYS_MS[0];
  return { kind: 'restart', delayMs, history: { failures, earlyFailures } };
}
