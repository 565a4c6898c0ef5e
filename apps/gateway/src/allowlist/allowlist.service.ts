import { randomUUID } from 'node:crypto';
import type { SecretBox } from '@nightjar/auth';
import type { InferenceDispatcher } from '@nightjar/messaging';
import { AppError, type Logger } from '@nightjar/runtime';
import { decodeImage } from '../uploads/image-batch.js';
import type { AllowlistedRow, AllowlistStore } from './allowlist.store.js';
import { findOnlyFace } from './find-only-face.js';
import { allowlistedPersonsMax } from './mark-allowlisted.js';
import { openEmbedding, sealEmbedding } from './seal-embedding.js';

interface AllowlistOptions {
  store: AllowlistStore;
  /** Undefined without NIGHTJAR_SECRET_KEY: nobody can be listed. */
  box: SecretBox | undefined;
  dispatcher: Pick<InferenceDispatcher, 'infer'>;
  logger: Logger;
}

/** A listed person as callers see one: never the vector of the face. */
export interface AllowlistedPersonView {
  id: string;
  name: string;
  /** Faces are compared with those of the same model only. */
  model_fingerprint: string;
  /** false: sealed with another key than the gateway has now; the person is not known again and has to be listed anew. */
  readable: boolean;
  created_at: string;
}

/** Whose faces results mark as allowlisted. Pictures are looked at and thrown away; vectors are kept sealed. */
export class AllowlistService {
  constructor(private readonly options: AllowlistOptions) {}

  /** @throws AppError `unavailable` */
  async list(tenantId: number): Promise<AllowlistedPersonView[]> {
    return (await this.options.store.findAll(tenantId)).map((row) => this.view(row));
  }

  /**
   * @throws AppError `unprocessable` for a picture that is none or shows another number of faces than one, and without
   *   NIGHTJAR_SECRET_KEY; `payload_too_large`; `conflict` when the list is full; `unavailable`
   */
  async add(tenantId: number, person: { name: string; imageBase64: string }): Promise<AllowlistedPersonView> {
    const { store, box, dispatcher, logger } = this.options;
    if (!box) throw new AppError('unprocessable', 'faces can only be kept with NIGHTJAR_SECRET_KEY set');
    const image = decodeImage(person.imageBase64);
    if ('error' in image) throw new AppError('unprocessable', `image_base64: ${image.error.message}`);
    // Asked again when the row is written; here it spares a full list the work.
    if ((await store.count(tenantId)) >= allowlistedPersonsMax) throw listFull();
    const { embedding, modelFingerprint } = await findOnlyFace(dispatcher, image.bytes, `allowlist-${tenantId}`);
    const id = randomUUID();
    const row = await store.insert(
      { id, tenantId, name: person.name, modelFingerprint, embedding: sealEmbedding(box, id, embedding) },
      allowlistedPersonsMax,
    );
    if (!row) throw listFull();
    logger.info('person put on the allow-list', { tenantId, personId: id });
    return this.view(row);
  }

  /** @throws AppError `not_found`, `unavailable` */
  async remove(tenantId: number, personId: string): Promise<void> {
    if (!(await this.options.store.remove(personId, tenantId))) throw new AppError('not_found', 'no such person');
    this.options.logger.info('person taken off the allow-list', { tenantId, personId });
  }

  private view({ id, name, modelFingerprint, embedding, createdAt }: AllowlistedRow): AllowlistedPersonView {
    return { id, name, model_fingerprint: modelFingerprint, readable: this.isReadable(id, embedding), created_at: createdAt.toISOString() };
  }

  private isReadable(id: string, sealed: Uint8Array): boolean {
    const { box } = this.options;
    try {
      return box !== undefined && openEmbedding(box, id, sealed).length > 0;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }
}

function listFull(): AppError {
  return new AppError('conflict', `the list holds ${allowlistedPersonsMax} persons already: take one off first`);
}
