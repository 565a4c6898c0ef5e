import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, syncDirectory } from '@nightjar/runtime';

/** A recorded file that grows by whole fragments. What `sizeBytes` says is on disk for certain. */
export class SegmentFile {
  private constructor(
    private readonly handle: FileHandle,
    private readonly absolutePath: string,
    /** Relative to the recordings directory. */
    readonly name: string,
    private syncedBytes: number,
  ) {}

  get sizeBytes(): number {
    return this.syncedBytes;
  }

  /**
   * Makes `<camera uuid>/<UTC day>/<Unix ms>.mp4` with its first bytes. An existing file is never touched: the clock may have
   * gone back.
   */
  static async create(options: { root: string; cameraUuid: string; startsAtMs: number; pieces: readonly Buffer[] }): Promise<SegmentFile> {
    const { cameraUuid, pieces, root, startsAtMs } = options;
    const day = new Date(startsAtMs).toISOString().slice(0, 10);
    const directory = path.join(root, cameraUuid, day);
    // Each time: somebody may have removed it.
    await mkdir(directory, { recursive: true });
    for (let nameMs = startsAtMs; ; nameMs++) {
      const absolutePath = path.join(directory, `${nameMs}.mp4`);
      const handle = await openNew(absolutePath);
      if (!handle) continue;
      const file = new SegmentFile(handle, absolutePath, `${cameraUuid}/${day}/${nameMs}.mp4`, 0);
      try {
        await file.append(pieces);
        await syncDirectory(directory);
      } catch (error) {
        await file.discard();
        throw error;
      }
      return file;
    }
  }

  /** Returns when the bytes of all pieces are on disk. After an error the file is as long as it was before. */
  async append(pieces: readonly Buffer[]): Promise<void> {
    try {
      const writtenBytes = await writeAll(this.handle, pieces);
      await this.handle.datasync();
      this.syncedBytes += writtenBytes;
    } catch (error) {
      // A disk that takes nothing may not even let go; what is behind the synced bytes is in no row.
      await this.handle.truncate(this.syncedBytes).catch(() => undefined);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async discard(): Promise<void> {
    await this.handle.close();
    await rm(this.absolutePath, { force: true }).catch(() => undefined); // the first error is the one to tell
  }
}

/** @returns how many bytes that were */
async function writeAll(handle: FileHandle, pieces: readonly Buffer[]): Promise<number> {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const { bytesWritten } = await handle.writev(pieces);
  // The system may take less at once, e.g. the last of a disk; what it says about the rest is the error to tell.
  if (bytesWritten < bytes) await handle.appendFile(Buffer.concat(pieces).subarray(bytesWritten));
  return bytes;
}

/** Undefined when there is such a file. */
async function openNew(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'ax');
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return undefined;
    throw error;
  }
}
