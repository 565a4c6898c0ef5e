// Our queue. Drained: the lease statements of the gateway in this process, as graphile-worker's are. Starts: jobs are added to the
// table with a nudge on the bus, and the agent's own worker claims them from the gateway over the bus.
import { isInAttempt } from '../../apps/gateway/dist/jobs/beat-job.js';
import { claimWork, endAndClaim } from '../../apps/gateway/dist/jobs/claim-job.js';
import { createJobId } from '../../apps/gateway/dist/jobs/job-id.js';
import { JobWorker } from '../../apps/agent/dist/jobs/job-worker.js';
import { jobQueued } from '../../libs/contracts/dist/index.js';
import { openJobsDatabase } from '../../libs/database/dist/index.js';
import { Bus } from '../../libs/messaging/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { answerMessages } from '../adapter/answer-messages.mjs';
import { StartTimes, timeJobs } from './queue-times.mjs';

const database = openJobsDatabase({ url: process.env.DATABASE_URL });
const logger = createLogger({ service: 'bench', level: 'silent' });
const leaseMs = 30_000;
const retentionMs = 86_400_000;
const result = { raw_scenes: [], frame_activity_diffs: [], person_constellation_scenes: [], ocr_results: [], sections: [] };

const newId = () => createJobId('video', Date.now());

async function addJobs(ids) {
  await database.$executeRaw`
    INSERT INTO jobs.job (id, tenant_id, media_type, media_file) SELECT id, 1, 'video', id || '/video' FROM unnest(${ids}::text[]) AS id`;
}

async function drain({ jobs, workers }) {
  await addJobs(Array.from({ length: jobs }, newId));
  return timeJobs(jobs, () => Promise.all(Array.from({ length: workers }, () => workUntilEmpty())));
}

/** As an agent's slot: asks once, then each end brings the next job. */
async function workUntilEmpty() {
  const claimant = { agentId: 'bench', leaseMs };
  for (let work = await claimWork(database, claimant); work;) {
    const which = isInAttempt({ jobId: work.job_id, lease: work.lease });
    const { ended, next } = await endAndClaim(
      database,
      { which, ending: { state: 'finished', result, mediaUnits: 1 }, retentionMs },
      claimant,
    );
    if (!ended) throw new Error(`${work.job_id} was not ended`);
    work = next;
  }
}

async function latency({ seconds, perSecond, workers }) {
  const times = new StartTimes();
  const bus = Bus.open({ url: process.env.NATS_URL, name: 'bench', logger });
  const runWork = async ({ job_id: jobId }) => {
    times.started(jobId);
    return { state: 'finished', media_type: 'video', result, duration_seconds: 1 };
  };
  const worker = new JobWorker({ bus, agentId: 'bench', slots: workers, runWork, clock: systemClock, logger });
  bus.on(jobQueued, () => worker.ring());
  await bus.ready(AbortSignal.timeout(10_000));
  worker.start();
  const add = async (jobId) => {
    await addJobs([jobId]);
    bus.publish(jobQueued, { job_id: jobId });
  };
  const measured = await times.measure({ seconds, perSecond }, { newName: newId, add });
  await worker.stop();
  await bus.close();
  return measured;
}

answerMessages((message) => (message.type === 'drain' ? drain(message) : latency(message)));
