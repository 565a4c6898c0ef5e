import { mkdir, open, rm, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import { DiskQuestions } from './disk-questions.js';

/** Of the disk that a directory is on. */
export interface DiskSpace {
  /** For this process; the system may keep more for root. */
  freeBytes: number;
  totalBytes: number;
}

/** Enough to need a block of its own. */
const probeBytes = 4_096;
const answerMsMax = 5_000;
/** What a disk that says nothing is told as. */
const silentCode = 'ETIMEDOUT';

const spaces = new DiskQuestions({ ask: (directory) => statfs(directory), answerMsMax });
const devices = new DiskQuestions({ ask: async (directory) => (await stat(directory)).dev, answerMsMax });
const probes = new DiskQuestions({ ask: writeProbe, answerMsMax });

/** `problem` is the error code of a disk that does not say: ENOENT where the directory is not there, ETIMEDOUT when no answer comes. */
export async function askForSpace(directory: string): Promise<{ space: DiskSpace } | { space: undefined; problem: string }> {
  try {
    const space = await spaces.ask(directory);
    if (!space) return { space: undefined, problem: silentCode };
    return { space: { freeBytes: space.bavail * space.bsize, totalBytes: space.blocks * space.bsize } };
  } catch (error) {
    return { space: undefined, problem: diskErrorCode(error) };
  }
}

/** @returns undefined where the directory is not there or the disk does not say so within seconds */
export async function readDiskSpace(directory: string): Promise<DiskSpace | undefined> {
  return (await askForSpace(directory)).space;
}

/** @returns true also where one of them is not there or does not answer: then nothing is gained by moving a file */
export async function isSameDisk(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map((directory) => devices.ask(directory).catch(() => undefined)));
  return first === undefined || second === undefined || first === second;
}

/** Writes a small file and removes it, one at a time. @returns the disk's error code when that fails, ETIMEDOUT when it takes seconds */
export async function probeWriting(directory: string): Promise<string | undefined> {
  try {
    return (await probes.ask(directory)) === undefined ? silentCode : undefined;
  } catch (error) {
    return diskErrorCode(error);
  }
}

async function writeProbe(directory: string): Promise<'written'> {
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
    return 'written';
  } catch (error) {
    await rm(file, { force: true }).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
}

/** Whether an error is the disk's: full, read-only, broken, gone, or not ours to write. */
export function isDiskError(error: unknown): boolean {
  return hasErrorCode(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO', 'ESTALE');
}

/**
 * What went wrong with a disk, where only a disk can have failed: a network share has errors of its own (EHOSTDOWN, ENOTCONN, ...).
 * @throws the error when it is none of the system's
 */
export function diskErrorCode(error: unknown): string {
  if (error instanceof AppError && error.code === 'deadline_exceeded') return silentCode;
  if (error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string') return error.code;
  throw error;
}
