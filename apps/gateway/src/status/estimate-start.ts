/** Jobs of one media type that are open, and what one of them takes. */
interface OpenJobs {
  queued: number;
  processing: number;
  msPerJob: number;
}

/**
 * In how many seconds a job that is submitted now begins: at once where a slot is free for it, else when the slots have done what
 * is before it. What runs is half done, as a guess.
 * @returns null when no agent has a slot
 */
export function estimateStartSeconds(open: readonly OpenJobs[], slots: { total: number; busy: number }): number | null {
  if (slots.total === 0) return null;
  const sum = (value: (jobs: OpenJobs) => number) => open.reduce((all, jobs) => all + value(jobs), 0);
  if (sum(({ queued }) => queued) < slots.total - slots.busy) return 0;
  const workMs = sum(({ queued, processing, msPerJob }) => (queued + processing / 2) * msPerJob);
  return Math.round(workMs / slots.total / 100) / 10;
}
