import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode } from '@nightjar/runtime';
import { tiersOf, type TierDirectories } from './recording-tiers.js';

/**
 * Where a recorded file is, in whichever tier, links followed. Its name is the same in all of them, and so are its bytes.
 * @param file as its row names it, relative to the directory of a tier
 * @returns undefined when it is gone, no file, or not inside of that directory
 */
async function locateRecording(directories: TierDirectories, file: string): Promise<string | undefined> {
  for (const { directory } of tiersOf(directories)) {
    const located = await locateIn(directory, file);
    if (located !== undefined) return located;
  }
  return undefined;
}

/** Opens a recorded file for reading, also when it moves to another tier just now. @returns undefined as `locateRecording` */
export async function openRecording(directories: TierDirectories, file: string): Promise<FileHandle | undefined> {
  // A file moves once: what was gone after it was found is found at its new place.
  return (await openOnce(directories, file)) ?? (await openOnce(directories, file));
}

async function openOnce(directories: TierDirectories, file: string): Promise<FileHandle | undefined> {
  const located = await locateRecording(directories, file);
  return located === undefined ? undefined : open(located, 'r').catch(undefinedIfMissing);
}

async function locateIn(directory: string, file: string): Promise<string | undefined> {
  try {
    const root = await realpath(directory);
    const target = await realpath(path.join(root, file));
    return target.startsWith(root + path.sep) && (await stat(target)).isFile() ? target : undefined;
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
  throw error;
}
