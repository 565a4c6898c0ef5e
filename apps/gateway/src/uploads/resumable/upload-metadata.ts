import { AppError } from '@nightjar/runtime';
import { processingBoundSeconds } from '../processing-bound.js';

/** What `Upload-Metadata` says of the job that an upload will be. Other keys are left aside. */
interface UploadMetadata {
  filename: string | undefined;
  /** Undefined: the gateway's default. */
  maxProcessingSeconds: number | undefined;
  /** As it is named, not looked at yet. */
  webhook: { url: string; secret: string | undefined } | undefined;
}

const filenameLengthMax = 255;

/**
 * Reads the metadata of an upload, decoded from base64.
 * @throws AppError `invalid_argument` for a processing time that is none, `unprocessable` for a secret without a webhook
 */
export function readUploadMetadata(metadata: Readonly<Record<string, string | null>> | undefined): UploadMetadata {
  const { filename, max_processing_time: bound, webhook_url: url, webhook_secret: secret } = metadata ?? {};
  if (filename && filename.length > filenameLengthMax)
    throw new AppError('invalid_argument', `Upload-Metadata: filename has more than ${filenameLengthMax} characters`);
  if (!url && secret) throw new AppError('unprocessable', 'Upload-Metadata names a webhook_secret and no webhook_url');
  return {
    filename: filename ?? undefined,
    maxProcessingSeconds: processingBoundSeconds(bound ?? undefined),
    webhook: url ? { url, secret: secret ?? undefined } : undefined,
  };
}
