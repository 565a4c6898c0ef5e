import { AppError, hasErrorCode } from '@nightjar/runtime';

/** The disk can't take it now; the same request may succeed later. EFBIG: over the limit of the process or the file system. */
const storeFullCodes = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EFBIG'];
const storeFullRetryMs = 60_000;

/** What a caller learns of a write that failed: `unavailable` when the disk can't take it, else what was thrown. */
export function storeFailure(error: unknown): unknown {
  if (!hasErrorCode(error, ...storeFullCodes)) return error;
  return new AppError('unavailable', 'the media store cannot take the upload', { cause: error, retryAfterMs: storeFullRetryMs });
}
