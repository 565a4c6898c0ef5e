import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import type { JobOwner, NewJob } from '../../jobs/insert-job.js';

/** Key of an upload's metadata that is ours: no client hears of it. */
const futureJobKey = 'nightjar_job';
/** Sealed in the future job; the plain text is kept nowhere. */
const secretKey = 'webhook_secret';

/** The job that an upload will be, as it stands on disk beside the pieces. */
const FutureJob = z.object({
  owner: z.object({
    tenantId: z.number().int(),
    apiKeyId: z.string().optional(),
    userId: z.number().int().optional(),
    faceEmbeddings: z.boolean(),
  }),
  maxProcessingSeconds: z.number().int().min(0),
  webhook: z.object({ url: z.string(), sealedSecretBase64: z.string().nullable() }).nullable(),
});

type Metadata = Readonly<Record<string, string | null>>;

/** Metadata as it is stored: what the client said but its secret, and the job that it said it of. */
export function withFutureJob(
  metadata: Metadata,
  { owner, maxProcessingSeconds, webhook }: Omit<NewJob, 'id'>,
): Record<string, string | null> {
  const sealedSecretBase64 = webhook?.sealedSecret ? Buffer.from(webhook.sealedSecret).toString('base64') : null;
  const job = { owner, maxProcessingSeconds, webhook: webhook && { url: webhook.url, sealedSecretBase64 } };
  return { ...shownMetadata(metadata), [futureJobKey]: JSON.stringify(job) };
}

/** @throws AppError `internal` when it is not what we wrote */
export function futureJobOf(metadata: Metadata | undefined): Omit<NewJob, 'id'> {
  try {
    const { owner, maxProcessingSeconds, webhook } = FutureJob.parse(JSON.parse(metadata?.[futureJobKey] ?? ''));
    const sealedSecret = webhook?.sealedSecretBase64 ? Buffer.from(webhook.sealedSecretBase64, 'base64') : null;
    return {
      owner: { ...owner, apiKeyId: owner.apiKeyId, userId: owner.userId },
      maxProcessingSeconds,
      webhook: webhook && { url: webhook.url, sealedSecret },
    };
  } catch (cause) {
    throw new AppError('internal', 'the record of an upload cannot be read', { cause });
  }
}

/** What a client may read of the metadata. */
export function shownMetadata(metadata: Metadata): Record<string, string | null> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== futureJobKey && key !== secretKey));
}

/** Whether both are the same key of the same tenant, or the same user. */
export function isSameOwner(a: JobOwner, b: JobOwner): boolean {
  return a.tenantId === b.tenantId && a.apiKeyId === b.apiKeyId && a.userId === b.userId;
}
