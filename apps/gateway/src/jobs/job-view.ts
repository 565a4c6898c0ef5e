import type { JobError, JobState } from '@nightjar/contracts';
import { isTerminal } from './job-state.js';
import type { ImageJobRow, JobRow } from './job.store.js';

/** The contract's words for a job's state; it has none for `cancelled`. */
type JobStatus = Exclude<JobState, 'cancelled'>;

/** A client that polls has to wait this long for news to be likely. */
const pollAgainSeconds = 2;

/** `GET /results/video/{job_id}`. `result` is null until the job is finished. */
export function videoJobView(job: JobRow) {
  return { ...jobHead(job), result: job.state === 'finished' ? job.result : null, ...jobTail(job) };
}

/** `GET /results/images/{job_id}`. Items have the order of the request; one that waits has its job's status. */
export function imageJobView(job: ImageJobRow) {
  const items = job.items.map((item) => ({
    index: item.index,
    external_id: item.externalId,
    status: statusOf(isTerminal(item.state) ? item.state : job.state),
    result: item.state === 'finished' ? item.result : null,
    error: errorOf(item),
  }));
  return { ...jobHead(job), items, ...jobTail(job) };
}

/** Seconds for `Retry-After`, undefined when nothing will change any more. */
export function retryAfterSeconds(state: JobState): number | undefined {
  return isTerminal(state) ? undefined : pollAgainSeconds;
}

function jobHead(job: JobRow): { job_id: string; status: JobStatus } {
  return { job_id: job.id, status: statusOf(job.state) };
}

interface JobTail {
  error?: JobError | null;
  progress?: number;
  stage?: string | null;
  expires_at?: string;
}

function jobTail(job: JobRow): JobTail {
  if (!isTerminal(job.state)) return { progress: Math.round(job.progress * 1000) / 1000, stage: job.stage };
  return {
    ...(statusOf(job.state) === 'failed' ? { error: errorOf(job) } : {}),
    ...(job.expiresAt ? { expires_at: job.expiresAt.toISOString() } : {}),
  };
}

function statusOf(state: JobState): JobStatus {
  return state === 'cancelled' ? 'failed' : state;
}

/** Why a job or an item failed; null when it did not. */
export function errorOf({ errorCode, errorMessage }: { errorCode: string | null; errorMessage: string | null }): JobError | null {
  return errorCode === null ? null : { code: errorCode, message: errorMessage ?? errorCode };
}
