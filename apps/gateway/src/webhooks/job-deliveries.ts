import type { JobsDatabase } from '@nightjar/database';
import type { AttemptOutcome, ClaimOptions, DeliveryContent, DeliveryQueue } from '@nightjar/webhooks';
import { mediaTypeOf } from '../jobs/job-id.js';
import { imageJobView, videoJobView } from '../jobs/job-view.js';
import type { JobStore } from '../jobs/job.store.js';
import { claimDeliveries, markDue, recordAttempt, releaseDelivery, type ClaimedJobDelivery } from './delivery-queue.js';
import type { WebhookSecrets } from './webhook-secrets.js';

/** Origins that one statement looks at: with ten thousand that have something due, one that looked at all took most of a second. */
const originsAtOnce = 500;

/** Messages of jobs that ended, for the sender. */
export class JobDeliveries implements DeliveryQueue<ClaimedJobDelivery> {
  /** Where the last look ended; the next one begins there, so that all have their turn. */
  private lookedUntil = '';

  constructor(
    private readonly database: JobsDatabase,
    private readonly jobs: JobStore,
    private readonly secrets: WebhookSecrets,
    private readonly originsMax = originsAtOnce,
  ) {}

  /** Looks at some origins after the other, once around at most, until something is due. */
  async claim(options: ClaimOptions): Promise<ClaimedJobDelivery[]> {
    await markDue(this.database);
    const begunAfter = this.lookedUntil;
    for (let wrapped = begunAfter === ''; ;) {
      const window = { after: this.lookedUntil, originsMax: this.originsMax };
      const { claimed, lastOrigin } = await claimDeliveries(this.database, options, window);
      this.lookedUntil = lastOrigin ?? '';
      const isAround = wrapped && (lastOrigin === null || (lastOrigin >= begunAfter && begunAfter !== ''));
      if (claimed.length > 0 || isAround) return claimed;
      wrapped ||= lastOrigin === null;
    }
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
