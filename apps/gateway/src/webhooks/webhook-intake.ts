import type { CheckedFetch } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';
import { parseRequestedWebhook, type RequestedWebhook } from './requested-webhook.js';
import type { WebhookSecrets } from './webhook-secrets.js';

/** A name whose servers are slower is taken unseen. */
const lookupTimeoutMs = 2_000;

/** Decides at a submit whether its webhook will be called. The sender decides again: names and networks change. */
export class WebhookIntake {
  /** @param checks not the sender's own client: names that nobody answers for must not hold up messages */
  constructor(
    private readonly checks: Pick<CheckedFetch, 'check'>,
    private readonly secrets: WebhookSecrets,
  ) {}

  /**
   * Reads a webhook as a request names it, and looks where it leads. A name that has no address now is taken: its server may
   * come up while the job runs.
   * @returns null when the request names none
   * @throws AppError `unprocessable` when it is malformed, leads where webhooks may not go, or its secret could not be kept
   */
  async accept(named: unknown): Promise<RequestedWebhook | null> {
    const webhook = parseRequestedWebhook(named);
    if (!webhook) return null;
    if (webhook.secret !== undefined && !this.secrets.canSeal)
      throw new AppError('unprocessable', 'this server keeps no webhook secrets: its operator has to set NIGHTJAR_SECRET_KEY');
    if ((await this.checks.check(webhook.url, { timeoutMs: lookupTimeoutMs })) === 'refused')
      throw new AppError(
        'unprocessable',
        'webhook.url leads to an address or a port that webhooks may not go to: its operator can open networks with NIGHTJAR_WEBHOOK_ALLOW_NETWORKS',
        { details: { issues: [{ path: 'webhook.url', message: 'is not allowed' }] } },
      );
    return webhook;
  }

  /** The columns of a job: its secret is sealed for this job only. */
  columnsOf(webhook: RequestedWebhook | null, jobId: string): { url: string; sealedSecret: Uint8Array<ArrayBuffer> | null } | null {
    if (!webhook) return null;
    const { url, secret } = webhook;
    return { url, sealedSecret: secret === undefined ? null : this.secrets.seal(secret, jobId) };
  }
}
