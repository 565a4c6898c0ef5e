import { chmod, mkdir, stat, statfs, writeFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError, hasErrorCode } from '@nightjar/runtime';

/** Room that a start needs: cluster, log of the database, demo clip, converted models. */
const freeBytesMin = 300 * 1024 * 1024;
const bytesPerMib = 1024 * 1024;

/**
 * Makes the directory that everything is kept in and makes sure it can be worked with.
 * As root it may be entered (not listed) by others, because Postgres runs as another user; what is secret has mode 0600.
 * @throws AppError `invalid_argument` when it is no directory, `unavailable` when its disk is (nearly) full
 */
export async function prepareDataDirectory(dataDir: string): Promise<void> {
  const existing = await stat(dataDir).catch(() => undefined);
  if (existing && !existing.isDirectory()) throw new AppError('invalid_argument', `NIGHTJAR_DATA_DIR is ${dataDir}, which is no directory`);
  if (!existing) {
    try {
      await mkdir(dataDir, { recursive: true });
    } catch (cause) {
      if (hasErrorCode(cause, 'ENOTDIR', 'EEXIST'))
        throw new AppError('invalid_argument', `NIGHTJAR_DATA_DIR is ${dataDir}, which lies below a file`, { cause });
      throw cause;
    }
    await chmod(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700);
  }
  const { bavail, bsize } = await statfs(dataDir);
  if (bavail * bsize < freeBytesMin) {
    throw new AppError(
      'unavailable',
      `the disk of ${dataDir} is nearly full (${Math.floor((bavail * bsize) / bytesPerMib)} MiB free, ${freeBytesMin / bytesPerMib} needed): free some space, or set NIGHTJAR_DATA_DIR to another disk`,
    );
  }
  await writeProbe(dataDir);
}

/** Mode bits do not tell everything: quotas, read-only mounts and access lists show when something is written. */
async function writeProbe(dataDir: string): Promise<void> {
  const probe = path.join(dataDir, `.probe-${process.pid}`);
  await writeFile(probe, 'nightjar');
  await rm(probe);
}
