import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { toAppError, type Logger } from '@nightjar/runtime';

/** Directories of streams that are no cameras, as nvr names them. A camera's own stays as long as the camera. */
const streamDirectory = /^stream-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Callbacks were told addresses of pictures in there: who wants one has fetched it in a day. */
const keptMs = 24 * 3_600_000;
const sweepEveryMs = 3_600_000;

interface OldStreamFramesOptions {
  framesDir: string;
  /** Whether a directory's stream is analysed here now. */
  isInUse: (framesName: string) => boolean;
  /** Unix ms, the time that files have. */
  wallMs: () => number;
  logger: Logger;
}

/** Removes what streams that are no cameras left in the frames directory, a day after the last picture was written there. */
export async function removeOldStreamFrames({ framesDir, isInUse, logger, wallMs }: OldStreamFramesOptions): Promise<void> {
  const names = await readdir(framesDir).catch(() => []);
  for (const name of names.filter((one) => streamDirectory.test(one) && !isInUse(one))) {
    const directory = path.join(framesDir, name);
    try {
      if (wallMs() - (await newestWriteMs(directory)) > keptMs) await rm(directory, { recursive: true, force: true });
    } catch (thrown) {
      logger.warn('the pictures of an old stream were not removed', { directory: name, error: toAppError(thrown) });
    }
  }
}

/** Removes them now and every hour. */
export function sweepOldStreamFrames(options: OldStreamFramesOptions): { stop: () => Promise<void> } {
  let running = removeOldStreamFrames(options);
  const timer = setInterval(() => {
    running = running.then(() => removeOldStreamFrames(options));
  }, sweepEveryMs);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
}

/** A rename of a file into a directory is a write of the directory. */
async function newestWriteMs(directory: string): Promise<number> {
  return (await stat(directory)).mtimeMs;
}
