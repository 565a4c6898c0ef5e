import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { frameBytesMax, type FrameUri } from '@nightjar/contracts';
import { AppError, hasErrorCode } from '@nightjar/runtime';

/** One picture of the frames directory, read in one go: the agent replaces files by renaming. */
export interface FrameFile {
  bytes: Buffer;
  modifiedUnixMs: number;
}

/**
 * Reads a picture of `root/<directory>/<file>`; both names match the grammar of frame URIs. No link is followed below the
 * root, and what was opened is compared with what was checked.
 * @throws AppError `not_found`, also for a link or a directory; `payload_too_large` beyond 8 MiB
 */
export async function readFrameFile(root: string, { directory, file }: FrameUri): Promise<FrameFile> {
  let handle: FileHandle | undefined;
  try {
    const expected = path.join(await realpath(root), directory, file);
    handle = await open(expected, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const opened = await handle.stat();
    const checked = await stat(await realRegularPath(expected));
    if (!opened.isFile() || opened.ino !== checked.ino || opened.dev !== checked.dev) throw frameNotFound();
    if (opened.size > frameBytesMax) throw new AppError('payload_too_large', `a frame has at most ${frameBytesMax} bytes`);
    return { bytes: await handle.readFile(), modifiedUnixMs: opened.mtimeMs };
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isMissing(error)) throw frameNotFound(error);
    throw error;
  } finally {
    await handle?.close();
  }
}

/** The path itself, if no part of it is a link. */
async function realRegularPath(expected: string): Promise<string> {
  if ((await realpath(expected)) !== expected) throw frameNotFound();
  return expected;
}

function isMissing(error: unknown): boolean {
  return hasErrorCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO');
}

function frameNotFound(cause?: unknown): AppError {
  return new AppError('not_found', 'Frame not found', { cause });
}
