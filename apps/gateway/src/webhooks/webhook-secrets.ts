import type { SecretBox } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';

/** A sealed secret opens for its own job only. */
const purposeOf = (jobId: string) => `job.${jobId}.webhook_secret`;

/** Keeps what messages are signed with sealed for as long as it is stored. */
export class WebhookSecrets {
  /** @param box undefined without NIGHTJAR_SECRET_KEY */
  constructor(private readonly box: SecretBox | undefined) {}

  /** Whether secrets can be kept at all. */
  get canSeal(): boolean {
    return this.box !== undefined;
  }

  /** @throws AppError `internal` without NIGHTJAR_SECRET_KEY */
  seal(secret: string, jobId: string): Uint8Array<ArrayBuffer> {
    return this.requireBox().seal(secret, purposeOf(jobId));
  }

  /** @throws AppError `internal` without NIGHTJAR_SECRET_KEY, or with another one than the secret was sealed with */
  open(sealed: Uint8Array, jobId: string): string {
    return this.requireBox().open(sealed, purposeOf(jobId));
  }

  private requireBox(): SecretBox {
    if (!this.box) throw new AppError('internal', 'webhook secrets need NIGHTJAR_SECRET_KEY');
    return this.box;
  }
}
