import { isTerminal } from './job-state.js';
import { errorOf } from './job-view.js';
import type { JobDetailsRow, JobSummaryRow } from './job.store.js';

/**
 * A job in the list. Its states are ours: one that was cancelled is `cancelled` here and, for want of a word, `failed` in the
 * contract's results.
 * @param resultUrl where its result is polled
 */
export function jobSummary(job: JobSummaryRow, resultUrl: string) {
  return {
    job_id: job.id,
    media_type: job.mediaType,
    status: job.state,
    stage: job.stage,
    progress: Math.round(job.progress * 1000) / 1000,
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
    expires_at: job.expiresAt?.toISOString() ?? null,
    attempt: job.attempt,
    error: isTerminal(job.state) ? errorOf(job) : null,
    size_bytes: Number(job.sizeBytes),
    result_url: resultUrl,
  };
}

/** A job on a page of its own: the summary, and what became of its webhook. */
export function jobDetails(job: JobDetailsRow, resultUrl: string) {
  const [delivery] = job.deliveries;
  const webhook = job.webhookUrl === null ? null : { url: withoutQuery(job.webhookUrl), delivery: delivery ?? null };
  return { ...jobSummary(job, resultUrl), webhook };
}

/** Receivers keep tokens in queries. */
function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '');
}
