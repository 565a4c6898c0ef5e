import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isProcessAlive, readCommandLine } from '@nightjar/embedded';
import { AppError, hasErrorCode } from '@nightjar/runtime';

const lockAttempts = 3;

/** The right to work on a data directory; `release` gives it up. */
export interface InstanceLock {
  release(): Promise<void>;
}

/**
 * Takes the data directory for this process. A lock whose process is gone, or whose number another program has by now, is
 * removed.
 * @throws AppError `conflict` when a launcher works on the directory already
 */
export async function lockDataDirectory(dataDir: string): Promise<InstanceLock> {
  const file = path.join(dataDir, 'launcher.lock');
  for (let attempt = 1; attempt <= lockAttempts; attempt += 1) {
    if (await create(file)) return { release: () => rm(file, { force: true }) };
    const holder = await readHolder(file);
    if (holder !== undefined && (await isLauncher(holder))) {
      throw new AppError(
        'conflict',
        `Nightjar already runs on ${dataDir} (process ${holder}): stop it first, or set NIGHTJAR_DATA_DIR to another directory`,
      );
    }
    // Renamed first: of two starts that find the same stale lock, one moves it and the other finds nothing.
    const stale = `${file}.stale-${process.pid}`;
    await rename(file, stale).catch(() => undefined);
    await rm(stale, { force: true });
  }
  throw new AppError('conflict', `another start on ${dataDir} is under way`);
}

async function create(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(`${process.pid}\n`);
    await handle.close();
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readHolder(file: string): Promise<number | undefined> {
  const pid = Number(await readFile(file, 'utf8').catch(() => ''));
  return Number.isInteger(pid) && pid > 0 && pid !== process.pid ? pid : undefined;
}

/** A process whose command line cannot be read counts: rather one message too many than two launchers on one cluster. */
async function isLauncher(pid: number): Promise<boolean> {
  if (!isProcessAlive(pid)) return false;
  const commandLine = await readCommandLine(pid);
  return commandLine === undefined || commandLine.includes('launcher');
}
