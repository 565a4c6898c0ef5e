import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@nightjar/runtime';

interface FolderWatchOptions {
  /** Need not exist. */
  readonly folders: readonly string[];
  /** Called when something in the folders has changed and come to rest; the next look waits for it. What it throws is logged. */
  readonly onChange: () => Promise<void>;
  readonly everyMs?: number;
  readonly logger: Logger;
}

const everyMsUnlessTold = 2_000;
/** A folder that never comes to rest is told of all the same, after so many looks. */
const restlessLooksMax = 5;
/** A model is a folder of files, or a folder with one folder for each version. */
const depthMax = 4;
const entriesMax = 10_000;

/**
 * Looks at folders every two seconds and tells when they changed. No `fs.watch`: on network file systems and on volumes that
 * Kubernetes swaps behind a link it hears nothing.
 */
export class FolderWatch {
  private readonly stopping = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(private readonly options: FolderWatchOptions) {}

  start(): void {
    this.watching = this.watch();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  private async watch(): Promise<void> {
    const { folders, onChange, everyMs = everyMsUnlessTold, logger } = this.options;
    const { signal } = this.stopping;
    let told = await signFolders(folders);
    let seen = told;
    let restlessLooks = 0;
    while (await rest(everyMs, signal)) {
      const now = await signFolders(folders);
      const isAtRest = now === seen;
      seen = now;
      if (now === told) restlessLooks = 0;
      // Big files take a while to arrive: half of one is no model.
      if (now === told || (!isAtRest && ++restlessLooks < restlessLooksMax)) continue;
      told = now;
      restlessLooks = 0;
      try {
        await onChange();
      } catch (error) {
        logger.warn('folders have changed, and cannot be looked at', { error });
      }
    }
  }
}

/** @returns false when the wait was ended by the signal */
async function rest(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}

/** Changes when a file in the folders comes, goes, grows or is replaced. Cheap: contents are not read. */
export async function signFolders(folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  let left = entriesMax;
  const visit = async (folder: string, depth: number): Promise<void> => {
    // A folder that is missing or may not be read looks empty.
    const names = await readdir(folder).catch(() => []);
    for (const name of names.sort()) {
      if (left-- <= 0) return;
      const file = path.join(folder, name);
      // Through links: what they point to is what is loaded.
      const found = await stat(file).catch(() => undefined);
      hash.update(JSON.stringify([file, found && [found.ino, found.size, found.mtimeMs, found.isDirectory()]]));
      if (found?.isDirectory() && depth < depthMax) await visit(file, depth + 1);
    }
  };
  for (const folder of folders) await visit(folder, 1);
  return hash.digest('base64');
}
