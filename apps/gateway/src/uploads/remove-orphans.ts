import { JobId } from '@nightjar/contracts';
import { pause, type Clock, type Logger } from '@nightjar/runtime';
import type { JobStore } from '../jobs/job.store.js';
import type { MediaStore } from './media-store.js';

/** Younger files may belong to a submit that runs, in this gateway or in another one on the same store. */
const orphanAgeMs = 3_600_000;
const searchEveryMs = 3_600_000;
const retryMs = 60_000;
const jobsPerQuery = 500;

/**
 * Removes uploads that no open job needs: what a crash left between the file and its row, between a job's end and the
 * removal of its files, or in the middle of a write.
 * @returns what was removed
 */
export async function removeOrphans(options: {
  media: MediaStore;
  jobs: JobStore;
  untouchedSinceUnixMs: number;
}): Promise<{ folders: number; halfWritten: number }> {
  const { media, jobs, untouchedSinceUnixMs } = options;
  let folders = 0;
  const removeClosed = async (candidates: string[]) => {
    const open = await jobs.findOpenIds(candidates);
    const orphans = candidates.filter((folder) => !open.has(folder));
    for (const folder of orphans) await media.removeFolder(folder);
    folders += orphans.length;
  };
  let batch: string[] = [];
  for await (const folder of media.foldersUntouchedSince(untouchedSinceUnixMs)) {
    // Whatever else somebody keeps in this directory is none of our business.
    if (!JobId.safeParse(folder).success || batch.push(folder) < jobsPerQuery) continue;
    await removeClosed(batch);
    batch = [];
  }
  await removeClosed(batch);
  return { folders, halfWritten: await media.removeIncomingUntouchedSince(untouchedSinceUnixMs) };
}

/** Searches at start and every hour until the signal aborts. */
export async function keepRemovingOrphans(options: {
  media: MediaStore;
  jobs: JobStore;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { clock, logger, signal, ...stores } = options;
  while (!signal.aborted) {
    let nextMs = searchEveryMs;
    try {
      const removed = await removeOrphans({ ...stores, untouchedSinceUnixMs: clock.wallMs() - orphanAgeMs });
      if (removed.folders + removed.halfWritten > 0) logger.info('orphaned uploads removed', removed);
    } catch (error) {
      nextMs = retryMs;
      logger.warn('orphaned uploads were not searched', { error, retryMs });
    }
    await pause(nextMs, signal);
  }
}
