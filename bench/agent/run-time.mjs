// How long processes ran (Linux: /proc). The times in `stat` are whole hundredths of a second; these are nanoseconds.
import fs from 'node:fs';

/** CPU-ms, user and system, of all threads of each of these processes so far. One that has ended has none. */
export function runMsByProcess(pids) {
  return new Map(pids.map((pid) => [pid, threadsOf(pid).reduce((sum, thread) => sum + runMs(pid, thread), 0)]));
}

/** What was spent between two looks; a process that came in between counts whole, of one that ended in between nothing is known. */
export function spentMs(before, after) {
  const of = new Map([...after].map(([pid, ms]) => [pid, Math.max(0, ms - (before.get(pid) ?? 0))]));
  return { of, all: [...of.values()].reduce((sum, ms) => sum + ms, 0) };
}

function threadsOf(pid) {
  try {
    return fs.readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function runMs(pid, thread) {
  try {
    return Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
