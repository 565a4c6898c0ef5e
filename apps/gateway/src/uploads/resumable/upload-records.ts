import { readFile, rm } from 'node:fs/promises';
import { AppError, hasErrorCode, replaceFile } from '@nightjar/runtime';
import { Upload } from '@tus/server';
import { z } from 'zod';
import type { MediaStore } from '../media-store.js';
import { storeFailure } from '../store-failure.js';

const UploadRecord = z.object({
  id: z.string(),
  size: z.number().int().min(0).optional(),
  creation_date: z.string(),
  metadata: z.record(z.string(), z.string().nullable()),
});

/** What is known of uploads that are under way: a small file beside the pieces of each, written whole. */
export class UploadRecords {
  constructor(private readonly media: MediaStore) {}

  /** @returns undefined for an upload that is unknown */
  async get(id: string): Promise<Upload | undefined> {
    try {
      const record = UploadRecord.parse(JSON.parse(await readFile(this.fileOf(id), 'utf8')));
      return new Upload({
        id,
        offset: 0,
        creation_date: record.creation_date,
        metadata: record.metadata,
        ...(record.size === undefined ? {} : { size: record.size }),
      });
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw new AppError('internal', 'the record of an upload cannot be read', { cause: error });
    }
  }

  /** @throws AppError `unavailable` when the disk can't take it */
  async set(id: string, { size, creation_date, metadata = {} }: Upload): Promise<void> {
    try {
      await replaceFile(this.fileOf(id), JSON.stringify({ id, size, creation_date, metadata }), { durable: true, mode: 0o600 });
    } catch (error) {
      throw storeFailure(error);
    }
  }

  async delete(id: string): Promise<void> {
    await rm(this.fileOf(id), { force: true });
  }

  private fileOf(id: string): string {
    return `${this.media.partialPath(id)}.json`;
  }
}
