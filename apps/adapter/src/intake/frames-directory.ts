import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FrameUri } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { settledBefore } from '@nightjar/outbound';

/** Reads at a time; beyond it the disk is what everybody waits for. A read of a file system that hangs counts until it ends. */
const readsMax = 512;

/**
 * The frames that an agent writes, read where they lie: `<root>/<directory>/<file>`. Nothing outside the root is ever read: both
 * names are single path components (parseFrameUri), and neither may be a link. The file is opened relative to the directory that
 * is held open, so that nothing can be swapped in between.
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

  private async openAndRead({ directory, file }: FrameUri): Promise<Buffer> {
    const folderPath = path.join(this.root, directory);
    const folder = await open(folderPath, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(frameFailure);
    try {
      // Linux names the open directory itself; elsewhere its path has to do.
      const parent = process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : folderPath;
      // Not blocking: the open of a named pipe would wait for a writer.
      const handle = await open(path.join(parent, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
        frameFailure,
      );
      return await this.readAndClose(handle);
    } finally {
      await folder.close();
    }
  }

  private async readAndClose(handle: FileHandle): Promise<Buffer> {
    try {
      const status = await handle.stat();
      if (!status.isFile()) throw new AppError('not_found', 'Frame not found');
      if (status.size > this.maxBytes) throw new AppError('payload_too_large', `the frame has more than ${this.maxBytes} bytes`);
      return await readUpTo(handle, status.size);
    } finally {
      await handle.close();
    }
  }
}

/** Reads no more than the size that was checked: the file may grow, and some (of /proc) say that they are empty. */
async function readUpTo(handle: FileHandle, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let length = 0;
  while (length < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, length, sizeBytes - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

const missingCodes = ['ENOENT', 'ENOTDIR', 'ENXIO', 'EISDIR'];

/** The reason stays in the log: a path must not travel to the caller. */
function frameFailure(cause: NodeJS.ErrnoException): never {
  const code = cause.code ?? '';
  if (code === 'ELOOP') throw new AppError('invalid_argument', 'Invalid frame URI', { cause });
  if (missingCodes.includes(code)) throw new AppError('not_found', 'Frame not found', { cause });
  throw new AppError('unavailable', 'the frame cannot be read', { cause });
}
