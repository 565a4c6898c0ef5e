import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { storeFailure } from './store-failure.js';

/** A video that comes in pieces, over several connections and perhaps several processes. Memory holds the piece that is written. */
export class PartialVideo {
  private constructor(
    private readonly handle: FileHandle,
    private endsAtBytes: number,
  ) {}

  /** Opens the file where its last piece ended, or makes it. */
  static async open(file: string): Promise<PartialVideo> {
    try {
      const handle = await open(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      return new PartialVideo(handle, (await handle.stat()).size);
    } catch (error) {
      throw storeFailure(error);
    }
  }

  get sizeBytes(): number {
    return this.endsAtBytes;
  }

  /** Drops what stands behind that many bytes. */
  async cutTo(bytes: number): Promise<void> {
    await this.handle.truncate(bytes);
    this.endsAtBytes = bytes;
  }

  /** @throws AppError `unavailable` when the disk can't take it; what it took stays */
  async append(chunk: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await this.handle.write(chunk, done, chunk.length - done, this.endsAtBytes);
        done += bytesWritten;
        this.endsAtBytes += bytesWritten;
      }
    } catch (error) {
      throw storeFailure(error);
    }
  }

  /** From here on a loss of power loses nothing of it. @throws AppError `unavailable` */
  async sync(): Promise<void> {
    try {
      await this.handle.sync();
    } catch (error) {
      throw storeFailure(error);
    }
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
