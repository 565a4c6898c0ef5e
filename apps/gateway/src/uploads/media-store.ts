import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { AppError, hasErrorCode, syncDirectory } from '@nightjar/runtime';

/** One folder per job, one file per picture or video in it. */
const fileGrammar = /^[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9_-]{1,100}$/;
const folderGrammar = /^[A-Za-z0-9_-]{1,100}$/;
/** Where files stand while they are written; not a name that `folderGrammar` allows. */
const incomingFolder = '.incoming';

/** The disk can't take it now; the same request may succeed later. */
const storeFullCodes = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];
const storeFullRetryMs = 60_000;

/**
 * Uploads on disk, by names relative to the store (`<job id>/video`, `<job id>/3`). A name exists once all its bytes are
 * synced: files are written beside their place and renamed. Gateways that share the directory share the store; agents read it.
 */
export class MediaStore {
  private constructor(private readonly root: string) {}

  /** @param root directory, made if it is missing */
  static async open(root: string): Promise<MediaStore> {
    await mkdir(path.join(root, incomingFolder), { recursive: true, mode: 0o700 });
    return new MediaStore(path.resolve(root));
  }

  /**
   * Writes a body as it comes; memory holds one chunk. When it fails nothing is left, and the body is not destroyed, so that
   * its sender can still be answered.
   * @returns bytes written
   * @throws AppError `payload_too_large` over `bytesMax`, `invalid_argument` for 0 bytes or a body that breaks off,
   *   `unavailable` when the disk can't take it
   */
  async receive(file: string, body: Readable, limits: { bytesMax: number }): Promise<number> {
    let sizeBytes = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunksOf(body)) {
        sizeBytes += chunk.length;
        if (sizeBytes > limits.bytesMax) throw new AppError('payload_too_large', `the upload has more than ${limits.bytesMax} bytes`);
        yield chunk;
      }
      if (sizeBytes === 0) throw new AppError('invalid_argument', 'the upload is empty');
    }
    await this.put(file, counted());
    return sizeBytes;
  }

  /** Writes bytes that are in memory. @throws AppError `unavailable` when the disk can't take them */
  async write(file: string, bytes: Uint8Array): Promise<void> {
    await this.put(file, bytes);
  }

  /** Removes a job's files; no error when there are none. */
  async removeFolder(folder: string): Promise<void> {
    await rm(this.resolve(folder, folderGrammar), { recursive: true, force: true });
  }

  /** Folders of jobs that nothing was added to since then. */
  async *foldersUntouchedSince(unixMs: number): AsyncGenerator<string> {
    for (const folder of await readdir(this.root)) {
      if (folderGrammar.test(folder) && (await modifiedUnixMs(path.join(this.root, folder))) < unixMs) yield folder;
    }
  }

  /** Removes what writers that died left half written before then. @returns how many files */
  async removeIncomingUntouchedSince(unixMs: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(path.join(this.root, incomingFolder))) {
      const file = path.join(this.root, incomingFolder, name);
      if ((await modifiedUnixMs(file)) >= unixMs) continue;
      await rm(file, { force: true });
      removed++;
    }
    return removed;
  }

  private async put(file: string, data: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const target = this.resolve(file, fileGrammar);
    const incoming = path.join(this.root, incomingFolder, randomUUID());
    try {
      await writeSynced(incoming, data);
      await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
      await rename(incoming, target);
      await syncDirectory(path.dirname(target));
      await syncDirectory(this.root);
    } catch (error) {
      await rm(incoming, { force: true });
      throw writeFailure(error);
    }
  }

  /** The grammar knows no dots and one slash at most, so a name can't leave the store. */
  private resolve(name: string, grammar: RegExp): string {
    if (!grammar.test(name)) throw new AppError('internal', 'not a name of the media store');
    return path.join(this.root, name);
  }
}

/** Leaves the body alive when its reader stops. */
async function* chunksOf(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new AppError('invalid_argument', 'the upload broke off', { cause });
  }
}

async function writeSynced(file: string, data: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await writeFile(handle, data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns Infinity for a file that went away meanwhile */
async function modifiedUnixMs(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return Infinity;
    throw error;
  }
}

function writeFailure(error: unknown): unknown {
  if (!hasErrorCode(error, ...storeFullCodes)) return error;
  return new AppError('unavailable', 'the media store cannot take the upload', { cause: error, retryAfterMs: storeFullRetryMs });
}
