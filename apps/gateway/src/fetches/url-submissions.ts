import { jobMoved, type JobId } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import type { Idempotency, MadeJob } from '../idempotency/idempotency.js';
import { RequestFingerprint } from '../idempotency/request-fingerprint.js';
import type { CommittedWithJob } from '../jobs/insert-job.js';
import { createJobId } from '../jobs/job-id.js';
import type { JobStore } from '../jobs/job.store.js';
import type { Quotas } from '../quotas/quotas.js';
import type { Submitter } from '../uploads/submissions.js';
import type { WebhookIntake } from '../webhooks/webhook-intake.js';
import { insertFetch } from './video-fetch.store.js';
import type { UrlSubmission, VideoUrls } from './video-url.js';

export interface UrlSubmissionsOptions {
  jobs: JobStore;
  urls: VideoUrls;
  webhooks: WebhookIntake;
  idempotency: Idempotency;
  quotas: Quotas;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  /** Of a job that names no bound; 0: unbounded. */
  defaultMaxProcessingSeconds: number;
  /** Told when there is something to fetch. */
  onCommitted: () => void;
}

/** Makes jobs of URLs: job and download are committed, then the client hears 202. Agents get the job when its video is there. */
export class UrlSubmissions {
  constructor(private readonly options: UrlSubmissionsOptions) {}

  /** @throws AppError as `VideoUrls.accept`, `WebhookIntake.accept`, `Idempotency.runWhole` and `Quotas.hold`, `unavailable` */
  submit(submission: Submitter & UrlSubmission): Promise<MadeJob> {
    const { owner, idempotencyKey: key, maxProcessingSeconds, video_url: url, webhook } = submission;
    const fingerprint = new RequestFingerprint('video')
      .add('Max-Processing-Time', maxProcessingSeconds)
      .add('video_url', url)
      .add('webhook', JSON.stringify(webhook));
    return this.options.idempotency.runWhole({
      owner,
      key,
      fingerprint,
      first: (grant) => this.take(submission, grant),
      repeated: async () => undefined,
    });
  }

  private async take(submission: Submitter & UrlSubmission, grant: (jobId: JobId) => CommittedWithJob): Promise<JobId> {
    const { jobs, urls, webhooks, quotas, bus, clock, logger, defaultMaxProcessingSeconds, onCommitted } = this.options;
    const { owner, maxProcessingSeconds = defaultMaxProcessingSeconds, video_url: url } = submission;
    await urls.accept(url);
    const webhook = await webhooks.accept(submission.webhook);
    const id = createJobId('video', clock.wallMs());
    // Nobody knows how many bytes it will be, and they count when they are here: a day that is full already takes no more.
    await quotas.hold({ tenantId: owner.tenantId, bytes: 1, onQuotas: submission.onQuotas }, async (held) => {
      const row = { id, owner, maxProcessingSeconds, file: null, sizeBytes: 0, webhook: webhooks.columnsOf(webhook, id) };
      await jobs.insertVideoJob(row, { ...grant(id), writes: [...quotas.commitOf(held, 0), insertFetch(urls.seal(url, id))] });
    });
    logger.info('job queued, its video has to be fetched', { jobId: id });
    bus.publish(jobMoved, { job_id: id });
    onCommitted();
    return id;
  }
}
