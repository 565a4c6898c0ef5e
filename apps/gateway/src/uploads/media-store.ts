import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { JobId } from '@nightjar/contracts';
import { AppError, hasErrorCode, syncDirectory } from '@nightjar/runtime';
import { PartialVideo } from './partial-video.js';
import { refuseNoVideo, VideoHead, videoHeadBytes } from './sniff-video.js';
import { storeFailure } from './store-failure.js';

/** One folder per job, one file per picture or video in it. */
const fileGrammar = /^[A-Za-z0-9_-]{1,100}\/[A-Za-z0-9_-]{1,100}$/;
const folderGrammar = /^[A-Za-z0-9_-]{1,100}$/;
/** Where files stand while they are written; not a name that `folderGrammar` allows. */
const incomingFolder = '.incoming';

/** A video that comes in pieces may pause for a day. */
const partialKeptMs = 24 * 3_600_000;

interface BodyReading {
  bytesMax: number;
  /** Sees every chunk as it comes. */
  onChunk?: (chunk: Uint8Array) => void;
}

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
   * Writes a video as it comes; memory holds one chunk. When it fails nothing is left, and the body is not destroyed, so that
   * its sender can still be answered.
   * @returns bytes written
   * @throws AppError `payload_too_large` over `bytesMax`, `invalid_argument` for 0 bytes or a body that breaks off,
   *   `unprocessable` for what is no video by its first bytes, `unavailable` when the disk can't take it
   */
  async receive(file: string, body: Readable, reading: BodyReading): Promise<number> {
    let sizeBytes = 0;
    const head = new VideoHead();
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of boundedChunks(body, reading)) {
        sizeBytes += chunk.length;
        head.append(chunk);
        yield chunk;
      }
      head.end();
    }
    await this.put(file, counted());
    return sizeBytes;
  }

  /** Reads a body as `receive` does, and keeps nothing of it. @throws AppError as `receive`, but for what the disk and the first bytes say */
  async discard(body: Readable, reading: BodyReading): Promise<void> {
    const chunks = boundedChunks(body, reading);
    while (!(await chunks.next()).done);
  }

  /** Writes bytes that are in memory. @throws AppError `unavailable` when the disk can't take them */
  async write(file: string, bytes: Uint8Array): Promise<void> {
    await this.put(file, bytes);
  }

  /** Removes a job's files, also those of a video that is not whole yet; no error when there are none. */
  async removeFolder(folder: string): Promise<void> {
    await rm(this.resolve(folder, folderGrammar), { recursive: true, force: true });
    const partial = this.partialPath(folder);
    for (const file of [partial, `${partial}.json`]) await rm(file, { force: true });
  }

  /** Where the pieces of a job's video gather until it is whole. */
  partialPath(jobId: string): string {
    if (!folderGrammar.test(jobId)) throw new AppError('internal', 'not a name of the media store');
    return path.join(this.root, incomingFolder, jobId);
  }

  /** @throws AppError `unavailable` when the disk can't take it */
  openPartial(jobId: string): Promise<PartialVideo> {
    return PartialVideo.open(this.partialPath(jobId));
  }

  /**
   * All pieces are there: the video gets its name. Done again after a crash it does the rest, or nothing.
   * @returns bytes of the video
   * @throws AppError `unprocessable` when it is none by its first bytes or has no bytes, `not_found` when there are no pieces
   */
  async completePartial(jobId: string, file: string): Promise<number> {
    const target = this.resolve(file, fileGrammar);
    const whole = await sizeOrUndefined(target);
    if (whole !== undefined) return whole;
    const partial = this.partialPath(jobId);
    const sizeBytes = await sizeOrUndefined(partial);
    if (sizeBytes === undefined) throw new AppError('not_found', 'the pieces of the video are gone');
    if (sizeBytes === 0) throw new AppError('unprocessable', 'the video is empty');
    try {
      await judgeAndSync(partial);
      await this.rename(partial, target);
    } catch (error) {
      throw storeFailure(error);
    }
    return sizeBytes;
  }

  /** Whether a file is there, whole. */
  async has(file: string): Promise<boolean> {
    return (await sizeOrUndefined(this.resolve(file, fileGrammar))) !== undefined;
  }

  /** Folders of jobs that nothing was added to since then. */
  async *foldersUntouchedSince(unixMs: number): AsyncGenerator<string> {
    for (const folder of await readdir(this.root)) {
      if (folderGrammar.test(folder) && (await modifiedUnixMs(path.join(this.root, folder))) < unixMs) yield folder;
    }
  }

  /** Removes what writers that died left half written before then, and pieces that nobody added to for a day more. @returns how many files */
  async removeIncomingUntouchedSince(unixMs: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(path.join(this.root, incomingFolder))) {
      const file = path.join(this.root, incomingFolder, name);
      const keptUnixMs = JobId.safeParse(path.parse(name).name).success ? unixMs - partialKeptMs : unixMs;
      if ((await modifiedUnixMs(file)) >= keptUnixMs) continue;
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
      await this.rename(incoming, target);
    } catch (error) {
      await rm(incoming, { force: true });
      throw storeFailure(error);
    }
  }

  private async rename(incoming: string, target: string): Promise<void> {
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    await rename(incoming, target);
    await syncDirectory(path.dirname(target));
    await syncDirectory(this.root);
  }

  /** The grammar knows no dots and one slash at most, so a name can't leave the store. */
  private resolve(name: string, grammar: RegExp): string {
    if (!grammar.test(name)) throw new AppError('internal', 'not a name of the media store');
    return path.join(this.root, name);
  }
}

/** @throws AppError `payload_too_large`, `invalid_argument` for 0 bytes or a body that breaks off */
async function* boundedChunks(body: Readable, { bytesMax, onChunk }: BodyReading): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of chunksOf(body)) {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) throw new AppError('payload_too_large', `the upload has more than ${bytesMax} bytes`);
    onChunk?.(chunk);
    yield chunk;
  }
  if (sizeBytes === 0) throw new AppError('invalid_argument', 'the upload is empty');
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

async function judgeAndSync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(videoHeadBytes), 0, videoHeadBytes, 0);
    refuseNoVideo(buffer.subarray(0, bytesRead));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @returns undefined when there is no such file */
async function sizeOrUndefined(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
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
