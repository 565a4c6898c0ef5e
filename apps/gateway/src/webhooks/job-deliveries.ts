import type { JobsDatabase } from '@nightjar/database';
import type { AttemptOutcome, ClaimOptions, DeliveryContent, DeliveryQueue } from '@nightjar/webhooks';
import { mediaTypeOf } from '../jobs/job-id.js';
import { imageJobView, videoJobView } from '../jobs/job-view.js';
import type { JobStore } from '../jobs/job.store.js';
import { claimDeliveries, recordAttempt, releaseDelivery, type ClaimedJobDelivery } from './delivery-queue.js';
import type { WebhookSecrets } from './webhook-secrets.js';

/** Messages of jobs that ended, for the sender. */
export class JobDeliveries implements DeliveryQueue<ClaimedJobDelivery> {
  constructor(
    private readonly database: JobsDatabase,
    private readonly jobs: JobStore,
    private readonly secrets: WebhookSecrets,
  ) {}

  claim(options: ClaimOptions): Promise<ClaimedJobDelivery[]> {
    return claimDeliveries(this.database, options);
  }

  /** What `GET` of the result answers for this job. */
  async contentOf({ jobId, tenantId }: ClaimedJobDelivery): Promise<DeliveryContent | undefined> {
    const view = await this.viewOf(jobId, tenantId);
    return view ? { body: Buffer.from(JSON.stringify(view)), contentType: 'application/json' } : undefined;
  }

  secretOf({ jobId, sealedSecret }: ClaimedJobDelivery): string | undefined {
    return sealedSecret === null ? undefined : this.secrets.open(sealedSecret, jobId);
  }

  record(claimed: ClaimedJobDelivery, outcome: AttemptOutcome): Promise<boolean> {
    return recordAttempt(this.database, claimed, outcome);
  }

  release(claimed: ClaimedJobDelivery): Promise<void> {
    return releaseDelivery(this.database, claimed);
  }

  namesOf({ jobId }: ClaimedJobDelivery) {
    return { jobId };
  }

  private async viewOf(jobId: string, tenantId: number): Promise<object | null> {
    if (mediaTypeOf(jobId) === 'video') {
      const job = await this.jobs.findVideoJob(jobId, tenantId);
      return job ? videoJobView(job) : null;
    }
    const job = await this.jobs.findImageJob(jobId, tenantId);
    return job ? imageJobView(job) : null;
  }
}
