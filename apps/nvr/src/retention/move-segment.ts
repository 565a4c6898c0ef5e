import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AppError, hasErrorCode, syncDirectory } from '@nightjar/runtime';
import { keepCameraIdentity, readCameraIdentity } from '../segments/camera-identity.js';
import { parseSegmentPath } from '../segments/segment-path.js';
import type { Segment, SegmentsStore } from '../segments/segments.store.js';

/** Ends the name of a file that is still copied; such a file is nobody's recording. */
export const unfinishedSuffix = '.part';
const chunkBytes = 1024 * 1024;

export interface MoveOptions {
  fastDir: string;
  archiveDir: string;
  store: Pick<SegmentsStore, 'settleTier'>;
  signal: AbortSignal;
}

/**
 * `expired`: it was removed, or is about to be. `mismatched`: its file is not there, or not as long as its row says, which is for fsck.
 */
export type MoveOutcome = 'moved' | 'expired' | 'mismatched';

/**
 * Moves a closed file into the archive: copied under another name, synced, read again and compared, named, its row switched, and only
 * then removed where it was. A crash after any of these steps leaves a whole file where its row says; the same call again, or
 * `settleCopies`, takes away what is left over.
 * @throws the error of a disk or the database, AppError `internal` when the copy is not the same: nothing is lost, it may be tried again
 */
export async function moveToArchive(segment: Segment, { archiveDir, fastDir, signal, store }: MoveOptions): Promise<MoveOutcome> {
  const { file, sizeBytes } = segment;
  const parsed = parseSegmentPath(file);
  const [source, target] = [path.join(fastDir, file), path.join(archiveDir, file)];
  // A row that does not name a file of ours never makes us touch one.
  if (!parsed) return 'mismatched';
  if ((await sizeOf(source)) !== sizeBytes) {
    const isThere = (await store.settleTier(file, () => Promise.resolve(undefined))) !== undefined;
    return isThere ? 'mismatched' : 'expired';
  }
  const identity = await readCameraIdentity(fastDir, parsed.cameraUuid);
  if (identity) await keepCameraIdentity(archiveDir, identity);
  await mkdir(path.dirname(target), { recursive: true });
  const unfinished = `${target}${unfinishedSuffix}`;
  try {
    await copyWhole({ source, target: unfinished, sizeBytes, signal });
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined); // the first error is the one to tell
    throw error;
  }
  for (const directory of [path.dirname(target), path.join(archiveDir, parsed.cameraUuid), archiveDir]) await syncDirectory(directory);
  const isWhole = async () => ((await sizeOf(target)) === sizeBytes ? ('archive' as const) : undefined);
  const settled = await store.settleTier(file, isWhole);
  if (settled !== 'archive') {
    // It expired meanwhile, and whoever removed it did not know of this copy.
    if (settled === undefined) await rm(target, { force: true });
    return settled === undefined ? 'expired' : 'mismatched';
  }
  await removeFrom(fastDir, file);
  return 'moved';
}

/**
 * Leaves one copy of a file that is in both tiers, as a crash during a move leaves it, and lets its row say which.
 * @returns `removed` a copy that was too many, `moved` the row to the only copy, or undefined when there was nothing to do
 */
export async function settleCopies(
  file: string,
  { archiveDir, fastDir, store }: Omit<MoveOptions, 'signal'>,
): Promise<'removed' | 'moved' | undefined> {
  let did: 'removed' | 'moved' | undefined;
  await store.settleTier(file, async ({ sizeBytes, tier }) => {
    const [own, other] = tier === 'fast' ? [fastDir, archiveDir] : [archiveDir, fastDir];
    const [ownBytes, otherBytes] = [await sizeOf(path.join(own, file)), await sizeOf(path.join(other, file))];
    if (otherBytes === undefined) return undefined;
    if (ownBytes === sizeBytes) {
      await removeFrom(other, file);
      did = 'removed';
      return undefined;
    }
    // Which of two halves is the better one is nothing to guess here.
    if (ownBytes !== undefined && otherBytes !== sizeBytes) return undefined;
    did = 'moved';
    return tier === 'fast' ? 'archive' : 'fast';
  });
  return did;
}

/** Removes a day's directory that nothing is in. */
export async function removeIfEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch((error: unknown) => {
    if (!hasErrorCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
  });
}

/** @returns undefined when there is no such file */
export async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function removeFrom(directory: string, file: string): Promise<void> {
  await rm(path.join(directory, file), { force: true });
  await syncDirectory(path.dirname(path.join(directory, file)));
}

async function copyWhole(options: { source: string; target: string; sizeBytes: number; signal: AbortSignal }): Promise<void> {
  const { signal, sizeBytes, source, target } = options;
  const from = await open(source, 'r');
  try {
    const to = await open(target, 'w+');
    try {
      const written = await digestOf(from, { sizeBytes, signal, onChunk: async (chunk) => void (await to.appendFile(chunk)) });
      await to.sync();
      const { size } = await to.stat();
      if (size !== sizeBytes || written !== (await digestOf(to, { sizeBytes, signal })))
        throw new AppError('internal', 'the archive does not hold what was written to it');
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function digestOf(
  handle: FileHandle,
  options: { sizeBytes: number; signal: AbortSignal; onChunk?: (chunk: Buffer) => Promise<void> },
): Promise<string> {
  const { onChunk, signal, sizeBytes } = options;
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, sizeBytes)));
  for (let offset = 0; offset < sizeBytes;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - offset), offset);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await onChunk?.(chunk);
    offset += bytesRead;
  }
  return hash.digest('hex');
}
