import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode } from '@nightjar/runtime';
import { DiskQuestions } from './disk-questions.js';

/** Of the disk that a directory is on. */
export interface DiskSpace {
  /** For this process; the system may keep more for root. */
  freeBytes: number;
  totalBytes: number;
}

/** Enough to need a block of its own. */
const probeBytes = 4_096;

const spaces = new DiskQuestions({ ask: (directory) => statfs(directory), answerMsMax: 5_000 });

/** @returns undefined where the directory is not there or the disk does not answer within seconds */
export async function readDiskSpace(directory: string): Promise<DiskSpace | undefined> {
  try {
    const space = await spaces.ask(directory);
    return space && { freeBytes: space.bavail * space.bsize, totalBytes: space.blocks * space.bsize };
  } catch (error) {
    if (isDiskError(error)) return undefined;
    throw error;
  }
}

/** @returns true also where one of them is not there: then nothing is gained by moving a file */
export async function isSameDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((directory) => stat(directory).catch(() => undefined)));
  return first === undefined || second === undefined || first.dev === second.dev;
}

/** Writes a small file and removes it. @returns the disk's error code when that fails */
export async function probeWriting(directory: string): Promise<string | undefined> {
  const file = path.join(directory, '.write-probe');
  try {
    await mkdir(directory, { recursive: true });
    const handle = await open(file, 'w');
    try {
      await handle.writeFile(Buffer.alloc(probeBytes));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rm(file);
    return undefined;
  } catch (error) {
    await rm(file, { force: true }).catch(() => undefined); // the first error is the one to tell
    if (isDiskError(error)) return (error as NodeJS.ErrnoException).code;
    throw error;
  }
}

/** Whether an error is the disk's: full, read-only, broken, gone, or not ours to write. */
export function isDiskError(error: unknown): boolean {
  return hasErrorCode(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'ESTALE');
}
