// What both queues are measured by.
import { setTimeout as sleep } from 'node:timers/promises';

/** Times what does these jobs. @returns jobs a second and CPU time of this process */
export async function timeJobs(jobs, run) {
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await run();
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (jobs * 1000) / elapsedMs, cpuMsPerJob: (user + system) / 1000 / jobs };
}

/** Adds jobs at a fixed pace and takes the time from the call of `add` until `started` is called with the job's name. */
export class StartTimes {
  addedMs = new Map();
  waitsMs = [];

  started(name) {
    const addedMs = this.addedMs.get(name);
    if (addedMs === undefined) return;
    this.waitsMs.push(performance.now() - addedMs);
    this.addedMs.delete(name);
  }

  /** @param add gets what `newName` gave */
  async measure({ seconds, perSecond }, { newName, add }) {
    const firstMs = performance.now();
    const total = seconds * perSecond;
    await Promise.all(
      Array.from({ length: total }, async (_, number) => {
        await sleep(firstMs + (number * 1000) / perSecond - performance.now());
        const name = newName(number);
        this.addedMs.set(name, performance.now());
        await add(name);
      }),
    );
    for (let tries = 0; this.addedMs.size > 0; tries++) {
      if (tries > 200) throw new Error(`${this.addedMs.size} of ${total} jobs were not started`);
      await sleep(50);
    }
    this.waitsMs.sort((a, b) => a - b);
    const quantile = (part) => this.waitsMs[Math.min(this.waitsMs.length - 1, Math.floor(this.waitsMs.length * part))];
    return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), longestMs: quantile(1) };
  }
}
