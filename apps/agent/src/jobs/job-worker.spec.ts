import { afterEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@nightjar/messaging';
import { createLogger, sleep, systemClock } from '@nightjar/runtime';
import { JobWorker } from './job-worker.js';

/** A gateway that never has a job, and counts who asks. */
class EmptyQueue {
  claims = 0;

  ready(): Promise<void> {
    return Promise.resolve();
  }

  request(): Promise<{ work: null }> {
    this.claims++;
    return Promise.resolve({ work: null });
  }
}

describe('a worker whose slots wait', () => {
  const queue = new EmptyQueue();
  const worker = new JobWorker({
    bus: queue as unknown as Bus,
    agentId: 'agent-1',
    slots: 4,
    runWork: () => Promise.reject(new Error('there is no work')),
    clock: systemClock,
    logger: createLogger({ service: 'agent', level: 'silent' }),
  });
  const soon = () => sleep(20);
  afterEach(soon);

  it('asks once with each slot at the start', async () => {
    worker.start();
    await soon();
    expect(queue.claims).toBe(4);
  });

  it('asks with one slot for each nudge', async () => {
    worker.ring();
    await soon();
    expect(queue.claims).toBe(5);
    worker.ring();
    worker.ring();
    await soon();
    expect(queue.claims).toBe(7);
  });

  it('stops without waiting for its next poll', async () => {
    const startedMs = performance.now();
    await worker.stop();
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(queue.claims).toBe(7);
  });
});
