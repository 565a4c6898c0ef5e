import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { beatJob, claimJob, finishJob, jobCancelled, putOutcomePart, type JobOutcome, type VideoWork } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { AppError, createLogger, systemClock } from '@nightjar/runtime';
import { startTestBus, until, type TestBus } from '@nightjar/testing';
import { JobAttempt, type RunWork } from './job-attempt.js';
import { JobWorker } from './job-worker.js';

const logger = createLogger({ service: 'agent', level: 'silent' });
const large: JobOutcome = {
  state: 'finished',
  media_type: 'video',
  duration_seconds: 1,
  result: {
    raw_scenes: [],
    frame_activity_diffs: Array.from({ length: 200_000 }, (_, index) => (index % 97) / 97),
    person_constellation_scenes: [],
    ocr_results: [],
    sections: [],
  },
};

describe('an attempt at a job', () => {
  let busServer: TestBus;
  let gateway: Bus;
  let bus: Bus;
  let parts: Map<number, string>;
  let outcomes: JobOutcome[];
  let verdict: 'continue' | 'cancel';
  let beats: number;
  /** The gateway fails on this many parts. */
  let partsLost: number;
  let takesParts: boolean;
  const waiting: VideoWork[] = [];

  beforeAll(async () => {
    busServer = await startTestBus();
    [gateway, bus] = ['gateway', 'agent'].map((name) => Bus.open({ url: busServer.url, name, logger })) as [Bus, Bus];
    for (const end of [gateway, bus]) await end.ready(AbortSignal.timeout(60_000));
    gateway.serve(claimJob, () => ({ work: waiting.shift() ?? null }));
    gateway.serve(beatJob, () => {
      beats++;
      return { verdict };
    });
    gateway.serve(putOutcomePart, ({ part, text }) => {
      if (partsLost-- > 0) throw new AppError('unavailable', 'the database is away');
      if (takesParts) parts.set(part, text);
      return { accepted: takesParts };
    });
    gateway.serve(finishJob, ({ outcome }) => {
      outcomes.push(outcome);
      return { accepted: true };
    });
  });
  beforeEach(() => {
    [parts, outcomes, verdict, beats, partsLost, takesParts] = [new Map(), [], 'continue', 0, 0, true];
  });
  afterAll(async () => {
    await bus?.close();
    await gateway?.close();
    await busServer?.stop();
  });

  const newWork = (): VideoWork => ({
    media_type: 'video',
    job_id: `video_${randomUUID().replace(/^(.{14})./, '$17')}`,
    lease: randomUUID(),
    attempt: 1,
    lease_ms: 30_000,
    file: 'a/video',
  });
  const run = (runWork: RunWork) => new JobAttempt(newWork(), { bus, runWork, clock: systemClock, logger }).run();

  it('sends an outcome in parts that is too large for a message, each until it is heard', async () => {
    partsLost = 2;
    await run(() => Promise.resolve(large));
    expect(outcomes).toEqual([{ state: 'finished_in_parts', parts: parts.size }]);
    const text = [...parts.keys()].sort((a, b) => a - b).map((part) => parts.get(part));
    expect(JSON.parse(text.join(''))).toEqual(large);
  });

  it('stops sending when its parts are refused: another attempt owns the job', async () => {
    takesParts = false;
    await run(() => Promise.resolve(large));
    expect(outcomes).toEqual([]);
  });

  it('fails its job when the outcome is larger than can be delivered', async () => {
    const huge = { ...large, result: { ...large.result, frame_activity_diffs: new Array<number>(5_000_000).fill(0.1234567) } };
    await run(() => Promise.resolve(huge));
    expect(outcomes).toMatchObject([{ state: 'failed', error: { code: 'result_not_delivered' } }]);
  });

  it('stops when its job is cancelled, long before its next beat', async () => {
    let wasStopped = false;
    const worker = new JobWorker({
      agentId: 'agent-1',
      slots: 1,
      bus,
      clock: systemClock,
      logger,
      runWork: (_work, _progress, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            wasStopped = true;
            reject(signal.reason as Error);
          }),
        ),
    });
    // As in subscriptions.ts; a nudge may be lost while the subscription is on its way.
    bus.on(jobCancelled, ({ job_id }) => worker.checkJob(job_id));
    // It beats after a second, and then after minutes.
    const work = { ...newWork(), lease_ms: 600_000 };
    waiting.push(work);
    worker.start();
    try {
      await until(() => beats > 0);
      verdict = 'cancel';
      await until(() => {
        gateway.publish(jobCancelled, { job_id: work.job_id });
        return wasStopped;
      });
    } finally {
      await worker.stop();
    }
    expect(outcomes).toEqual([]);
  });
});
