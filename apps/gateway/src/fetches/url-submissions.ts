import type { JobId } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';
import type { Idempotency, MadeJob } from '../idempotency/idempotency.js';
import type { KeyToTake } from '../idempotency/idempotency.store.js';
import { RequestFingerprint } from '../idempotency/request-fingerprint.js';
import { createJobId } from '../jobs/job-id.js';
import type { Submitter } from '../uploads/submissions.js';
import type { WebhookIntake } from '../webhooks/webhook-intake.js';
import type { UrlJobStore } from './url-jobs.store.js';
import type { UrlSubmission, VideoUrls } from './video-url.js';

export interface UrlSubmissionsOptions {
  store: UrlJobStore;
  urls: VideoUrls;
  webhooks: WebhookIntake;
  idempotency: Idempotency;
  clock: Clock;
  /** Of a job that names no bound; 0: unbounded. */
  defaultMaxProcessingSeconds: number;
}

/** Makes jobs of URLs: job and download are committed, then the client hears 202. Agents get the job when its video is there. */
export class UrlSubmissions {
  constructor(private readonly options: UrlSubmissionsOptions) {}

  /** @throws AppError as `VideoUrls.accept`, `WebhookIntake.accept`, `Idempotency.runWhole` and `UrlJobStore.insert` */
  submit(submission: Submitter & UrlSubmission): Promise<MadeJob> {
    const { owner, idempotencyKey: key, maxProcessingSeconds, video_url: url, webhook } = submission;
    return this.options.idempotency.runWhole({
      owner,
      key,
      fingerprint: () =>
        new RequestFingerprint('video')
          .add('Max-Processing-Time', maxProcessingSeconds)
          .add('video_url', url)
          .add('webhook', JSON.stringify(webhook)),
      first: (keyToTake) => this.take(submission, keyToTake),
    });
  }

  private async take(submission: Submitter & UrlSubmission, key: KeyToTake | undefined): Promise<JobId> {
    const { store, urls, webhooks, clock, defaultMaxProcessingSeconds } = this.options;
    const { owner, maxProcessingSeconds = defaultMaxProcessingSeconds, video_url: url } = submission;
    await urls.accept(url);
    const webhook = await webhooks.accept(submission.webhook);
    const id = createJobId('video', clock.wallMs());
    const job = { id, owner, maxProcessingSeconds, webhook: webhooks.columnsOf(webhook, id), sealedUrl: urls.seal(url, id), key };
    await store.insert(job, submission.onQuotas);
    return id;
  }
}
