import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode } from '@nightjar/runtime';

/**
 * Where a recorded file is, links followed.
 * @param file as its row names it, relative to the recordings directory
 * @returns undefined when it is gone, no file, or not inside of that directory
 */
export async function locateRecording(recordingsDir: string, file: string): Promise<string | undefined> {
  try {
    const root = await realpath(recordingsDir);
    const target = await realpath(path.join(root, file));
    return target.startsWith(root + path.sep) && (await stat(target)).isFile() ? target : undefined;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
