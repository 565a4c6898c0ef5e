import path from 'node:path';
import type { Readable } from 'node:stream';
import { FileStore } from '@tus/file-store';
import { ERRORS, Upload } from '@tus/server';
import type { MediaStore } from '../media-store.js';
import type { PartialVideo } from '../partial-video.js';
import { VideoHead } from '../sniff-video.js';
import { UploadRecords } from './upload-records.js';

/** An upload that is not whole by then is gone. */
const uploadLifetimeMs = 24 * 3_600_000;

/**
 * Uploads under way as one request sees them, among the incoming files of the media store: their ids are those of the jobs that they will be. Beyond what
 * the library's store does, pieces are synced before they are acknowledged, and the first one is looked at.
 */
export class PartialUploads extends FileStore {
  readonly records: UploadRecords;
  /** Why the last piece was not written; the library tells of an abort instead. */
  writeFailure: unknown;

  constructor(private readonly media: MediaStore) {
    const records = new UploadRecords(media);
    super({ directory: path.dirname(media.partialPath('any')), configstore: records, expirationPeriodInMilliseconds: uploadLifetimeMs });
    this.records = records;
  }

  override async create(upload: Upload): Promise<Upload> {
    const partial = await this.media.openPartial(upload.id);
    await partial.close();
    upload.creation_date ??= new Date().toISOString();
    await this.records.set(upload.id, upload);
    return upload;
  }

  /** Writes a piece behind the others. What came before a connection broke stays. @returns where the upload ends now */
  override async write(piece: Readable, id: string, offsetBytes: number): Promise<number> {
    const partial = await this.media.openPartial(id);
    const head = offsetBytes === 0 ? new VideoHead() : undefined;
    try {
      // Somebody else's piece may have come in beside the lock, through another gateway.
      if (partial.sizeBytes !== offsetBytes) throw ERRORS.INVALID_OFFSET;
      try {
        for await (const chunk of piece as AsyncIterable<Buffer>) {
          await this.writeChunk(partial, chunk, head);
        }
      } finally {
        await partial.sync();
      }
      return partial.sizeBytes;
    } finally {
      await partial.close();
    }
  }

  private async writeChunk(partial: PartialVideo, chunk: Buffer, head: VideoHead | undefined): Promise<void> {
    try {
      head?.append(chunk);
      await partial.append(chunk);
    } catch (error) {
      this.writeFailure = error;
      throw error;
    }
  }

  /** An upload whose pieces are gone to their job is at its end. */
  override async getUpload(id: string): Promise<Upload> {
    try {
      return await super.getUpload(id);
    } catch (error) {
      const upload = error === ERRORS.FILE_NO_LONGER_EXISTS ? await this.records.get(id) : undefined;
      if (upload?.size === undefined) throw error;
      return new Upload({ ...upload, id, size: upload.size, offset: upload.size });
    }
  }
}
