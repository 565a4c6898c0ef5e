import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FrameUri } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';

/** `latest.jpg` is replaced every second: a read may meet two versions and starts again. */
const readsMax = 5;

/**
 * The frames that an agent writes, read where they lie. Nothing outside the root is ever read: names are checked before
 * (parseFrameUri), links are followed first and the result must still be inside, and what was opened must be what was checked.
 */
export class FramesDirectory {
  constructor(
    private readonly root: string,
    private readonly maxBytes: number,
  ) {}

  /** Whether the directory is there at all; it may be made, or mounted, after the start. */
  async exists(): Promise<boolean> {
    return (await stat(this.root).catch(() => undefined))?.isDirectory() ?? false;
  }

  /** @throws AppError `not_found`, `invalid_argument` for a link that leads out, `payload_too_large` */
  async read({ directory, file }: FrameUri): Promise<Buffer> {
    for (let attempt = 0; attempt < readsMax; attempt++) {
      const bytes = await this.readOnce(path.join(this.root, directory, file));
      if (bytes) return bytes;
    }
    throw new AppError('unavailable', 'the frame changes faster than it can be read', { retryAfterMs: 1_000 });
  }

  /** @returns undefined when the file was replaced between the check and the read */
  private async readOnce(file: string): Promise<Buffer | undefined> {
    const real = await this.resolveInside(file);
    // Not blocking: the open of a named pipe would wait for a writer.
    const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(frameFailure);
    try {
      const opened = await handle.stat();
      if (!opened.isFile()) throw new AppError('not_found', 'Frame not found');
      // A directory on the way may have been swapped for a link since it was resolved: look again, now that the file is held.
      const again = await stat(await this.resolveInside(real)).catch(frameFailure);
      if (again.ino !== opened.ino || again.dev !== opened.dev) return undefined;
      if (opened.size > this.maxBytes) throw new AppError('payload_too_large', `the frame has more than ${this.maxBytes} bytes`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  private async resolveInside(file: string): Promise<string> {
    const [root, real] = await Promise.all([realpath(this.root), realpath(file)]).catch(frameFailure);
    if (!real.startsWith(root + path.sep)) throw new AppError('invalid_argument', 'Invalid frame URI');
    return real;
  }
}

/** The reason stays in the log: a path must not travel to the caller. */
function frameFailure(cause: unknown): never {
  const missing = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes((cause as NodeJS.ErrnoException).code ?? '');
  throw missing ? new AppError('not_found', 'Frame not found', { cause }) : new AppError('unavailable', 'the frame can not be read', { cause });
}
