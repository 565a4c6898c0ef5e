import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode } from './error-code.js';

/**
 * Writes a file that readers see whole or not at all: under a name of its own beside its place (it begins with a dot), then
 * renamed. Two writers at once do no harm, the last one wins; a failure leaves nothing behind.
 * @param options.durable also when the power fails right after; costs two waits for the disk
 * @param options.mode of a new file; default by the umask
 * @throws the error of the disk
 */
export async function replaceFile(
  file: string,
  content: string | Uint8Array,
  options: { durable?: boolean; mode?: number } = {},
): Promise<void> {
  const directory = path.dirname(file);
  const unfinished = path.join(directory, `.${path.basename(file)}.${randomUUID()}.part`);
  try {
    const handle = await open(unfinished, 'wx', options.mode);
    try {
      await handle.writeFile(content);
      if (options.durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    if (options.durable) await syncDirectory(directory);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

/**
 * Makes the names in a directory as safe as their content. A directory that is gone has none. Where directories can't be synced
 * (Windows) the system does it by itself. @throws what the disk says
 */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(directory, 'r');
    await handle.sync();
  } catch (error) {
    if (!hasErrorCode(error, 'ENOENT', 'EISDIR', 'EPERM', 'EINVAL')) throw error;
  } finally {
    await handle?.close();
  }
}
