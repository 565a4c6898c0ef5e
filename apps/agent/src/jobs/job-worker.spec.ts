import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { claimJob, type Work } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { createLogger, systemClock } from '@nightjar/runtime';
import { JobWorker } from './job-worker.js';

// Slots ask every two seconds by themselves: only what the spec lets pass may pass.
beforeAll(() => void jest.useFakeTimers());
afterAll(() => void jest.useRealTimers());
const soon = () => jest.advanceTimersByTimeAsync(20);

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
    await worker.stop();
    expect(queue.claims).toBe(7);
  });
});

/** A gateway that leases the jobs that are left with the outcome of the one before, and notes what it is asked. */
class FullQueue {
  readonly calls: string[] = [];
  left = 3;
  /** Called before the answer that none is left. */
  onEmpty = () => {};

  ready(): Promise<void> {
    return Promise.resolve();
  }

  request(rpc: { subject: string }): Promise<unknown> {
    this.calls.push(rpc.subject.split('.').at(-1)!);
    const work = this.left > 0 ? this.newWork(this.left--) : null;
    if (work === null) this.onEmpty();
    return Promise.resolve(rpc.subject === claimJob.subject ? { work } : { accepted: true, next: work });
  }

  private newWork(number: number): Work {
    const job_id = `video_00000000-0000-7000-8000-00000000000${number}`;
    return { media_type: 'video', job_id, lease: job_id.slice(6), attempt: 1, lease_ms: 30_000, file: 'a/video' };
  }
}

describe('a worker with one slot', () => {
  let queue: FullQueue;
  let worker: JobWorker;
  beforeEach(() => {
    queue = new FullQueue();
    worker = new JobWorker({
      bus: queue as unknown as Bus,
      agentId: 'agent-1',
      slots: 1,
      runWork: () => Promise.resolve({ state: 'failed', error: { code: 'undecodable', message: 'made up' } }),
      clock: systemClock,
      logger: createLogger({ service: 'agent', level: 'silent' }),
    });
  });
  afterEach(() => worker.stop());

  it('asks once, takes each next job with the answer to its outcome, and beats for none that is short', async () => {
    worker.start();
    await soon();
    expect(queue.calls).toEqual(['claim', 'finish', 'finish', 'finish']);
  });

  it('asks once more when it was nudged while it heard that no job is left', async () => {
    queue.onEmpty = () => {
      queue.onEmpty = () => {};
      worker.ring();
    };
    worker.start();
    await soon();
    expect(queue.calls).toEqual(['claim', 'finish', 'finish', 'finish', 'claim']);
  });
});
