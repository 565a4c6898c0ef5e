import { stat } from 'node:fs/promises';
import type { FrameUri } from '@nightjar/contracts';
import { AppError, hasErrorCode, readFrameFile } from '@nightjar/runtime';
import { settledBefore } from '@nightjar/outbound';

/** Reads at a time; beyond it the disk is what everybody waits for. A read of a file system that hangs counts until it ends. */
const readsMax = 512;

/**
 * The frames that an agent writes, read where they lie: `<root>/<directory>/<file>`. Nothing outside the root is ever read: both
 * names are single path components (parseFrameUri), and neither may be a link.
 */
export class FramesDirectory {
  private reads = 0;

  constructor(
    private readonly root: string,
    private readonly maxBytes: number,
  ) {}

  /** Whether the directory is there at all; it may be made, or mounted, after the start. */
  async exists(): Promise<boolean> {
    return (await stat(this.root).catch(() => undefined))?.isDirectory() ?? false;
  }

  /**
   * @throws AppError `not_found`, `invalid_argument` for a link, `payload_too_large`, `overloaded`; the reason of the signal when
   *   the disk takes too long
   */
  async read(frame: FrameUri, signal: AbortSignal): Promise<Buffer> {
    if (this.reads >= readsMax) throw new AppError('overloaded', 'too many frames are being read', { retryAfterMs: 1_000 });
    this.reads++;
    const reading = this.openAndRead(frame).finally(() => this.reads--);
    return settledBefore(reading, signal);
  }

  private async openAndRead(frame: FrameUri): Promise<Buffer> {
    try {
      return (await readFrameFile(this.root, frame, this.maxBytes)).bytes;
    } catch (error) {
      if (error instanceof AppError && hasErrorCode(error.cause, 'ELOOP'))
        throw new AppError('invalid_argument', 'Invalid frame URI', { cause: error.cause });
      throw error;
    }
  }
}
