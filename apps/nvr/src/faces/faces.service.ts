import { Inject, Injectable } from '@nestjs/common';
import { SecretBox } from '@nightjar/auth';
import {
  facesChanged,
  registeredFacesMax,
  unpackEmbedding,
  type FaceDetails,
  type listFaces,
  type RegisteredFace,
  type removeFace,
  type saveFace,
} from '@nightjar/contracts';
import { Bus, WithBody } from '@nightjar/messaging';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import type { z } from 'zod';
import { CLOCK, LOGGER } from '../process-parts.js';
import { cutPage } from './face-page.js';
import { FacesStore, type Face } from './faces.store.js';

/** A message of a bus with the usual limit holds 1 MiB, headers and the frame of the answer included. */
const pageBytesMax = 768 * 1024;
/** Rows read at a time, whatever a reader asks for: a page of the usual embeddings (1024 numbers) holds fewer. */
const pageRowsMax = 200;

const dayMs = 24 * 60 * 60 * 1_000;
/** An id may be a name, so notes of removals do not stay. An adapter that was away longer reads everything anew. */
const removalsKeptMs = 7 * dayMs;
const removalsMax = 10_000;
const forgetEveryMs = 60 * 60 * 1_000;

/** The face registry of the whole installation: adapters ask over the bus and keep copies. */
@Injectable()
export class FacesService {
  private forgottenAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: FacesStore,
    private readonly secretBox: SecretBox,
    private readonly bus: Bus,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws AppError `invalid_argument` when the body is no such embedding, `conflict` when the registry is full */
  async save(face: FaceDetails, body: Uint8Array): Promise<z.infer<typeof saveFace.reply>> {
    const embedding = unpackEmbedding(body, face.embedding_size);
    if (!embedding?.some((value) => value !== 0))
      throw new AppError('invalid_argument', `the embedding is not ${face.embedding_size} finite numbers that differ from 0`);
    const at = new Date(this.clock.wallMs());
    const fields = {
      name: face.name,
      category: face.category,
      metadata: face.metadata ?? null,
      modelName: face.model_name,
      modelFingerprint: face.model_fingerprint,
      embeddingSize: face.embedding_size,
      encryptedEmbedding: this.secretBox.seal(Buffer.from(body).toString('base64'), purposeOf(face.person_id)),
    };
    const { created, createdAt, revision } = await this.store.save(face.person_id, fields, { at, facesMax: registeredFacesMax });
    this.bus.publish(facesChanged, { revision });
    return { created, revision, created_at_unix_ms: createdAt.getTime(), updated_at_unix_ms: at.getTime() };
  }

  /** `removed` is false when there was no such face; the revision counts either way. */
  async remove(request: z.infer<typeof removeFace.request>): Promise<z.infer<typeof removeFace.reply>> {
    const removal = await this.store.remove(request.person_id, { at: new Date(this.clock.wallMs()) });
    if (removal.removed) this.bus.publish(facesChanged, { revision: removal.revision });
    return removal;
  }

  /** @throws AppError `internal` when embeddings were stored with another NIGHTJAR_SECRET_KEY: half a watchlist would be worse */
  async list(request: z.infer<typeof listFaces.request>): Promise<WithBody<z.infer<typeof listFaces.reply>>> {
    this.forgetOldRemovals();
    const countMax = Math.min(request.limit, pageRowsMax);
    const reader = { afterRevision: request.after_revision, beganAtRevision: request.began_at_revision };
    const { beganAtRevision, faces, fromStart, removals, revision } = await this.store.listAfter(reader, { count: countMax });
    const { more, page } = cutPage([...faces.map(faceChange), ...removals.map(removalChange)], { countMax, bytesMax: pageBytesMax });
    const value = {
      from_start: fromStart,
      began_at_revision: beganAtRevision,
      faces: page.flatMap((change) => ('view' in change ? [change.view] : [])),
      removed: page.flatMap((change) => ('removal' in change ? [change.removal] : [])),
      revision: more ? (page.at(-1)?.revision ?? revision) : revision,
      more,
    };
    return new WithBody(value, Buffer.concat(page.flatMap((change) => ('face' in change ? [this.openEmbedding(change.face)] : []))));
  }

  private openEmbedding({ encryptedEmbedding, personId }: Face): Buffer {
    return Buffer.from(this.secretBox.open(encryptedEmbedding, purposeOf(personId)), 'base64');
  }

  /** Readers come twice a minute: a clock that runs whenever anybody cares. None of them waits for it. */
  private forgetOldRemovals(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.forgottenAtMs < forgetEveryMs) return;
    this.forgottenAtMs = nowMs;
    this.store
      .forgetRemovals({ before: new Date(this.clock.wallMs() - removalsKeptMs), countMax: removalsMax })
      .catch((error: unknown) => this.logger.warn('removals of faces were not forgotten, the next try is in an hour', { error }));
  }
}

/** A sealed embedding opens only in the row of its person. */
function purposeOf(personId: string): string {
  return `face.${personId}.embedding`;
}

function faceChange(face: Face) {
  const view = faceView(face);
  return { face, view, revision: face.revision, bytes: bytesOf(view) + face.embeddingSize * Float32Array.BYTES_PER_ELEMENT };
}

function removalChange({ personId, revision }: { personId: string; revision: number }) {
  const removal = { person_id: personId, revision };
  return { removal, revision, bytes: bytesOf(removal) };
}

function faceView(face: Face): RegisteredFace {
  return {
    person_id: face.personId,
    name: face.name,
    category: face.category,
    ...(face.metadata === null ? {} : { metadata: face.metadata }),
    model_name: face.modelName,
    model_fingerprint: face.modelFingerprint,
    embedding_size: face.embeddingSize,
    revision: face.revision,
    created_at_unix_ms: face.createdAt.getTime(),
    updated_at_unix_ms: face.updatedAt.getTime(),
  };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}
