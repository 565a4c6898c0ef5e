import { FaceDetails, FacePersonId, type RegisteredFace } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import type { FaceStore, SavedFace } from './face-store.js';
import { unitVectorOf, type KnownFace } from './known-face.js';
import { compareIds, isSameCategory, matchFaces, type FaceMatches, type FaceQuery } from './match-faces.js';

/** A face to register. `metadata` is any JSON object; `category` is "unknown" where it is absent. */
export interface FaceInput {
  readonly person_id: string;
  readonly name: string;
  readonly category?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly model_name: string;
  readonly model_fingerprint: string;
  /** As the model gives it; its length does not matter, it is scaled to 1. */
  readonly embedding: ArrayLike<number>;
}

interface FaceRegistryStatus {
  /** `local`: this adapter's own; `cluster`: shared by all adapters on the bus. */
  readonly scope: 'local' | 'cluster';
  /** Registered faces; undefined as long as nothing is known of them. */
  readonly count: number | undefined;
  /** Why faces are missing or may be old; undefined: all is well. */
  readonly problem: string | undefined;
}

/**
 * The people that this adapter, or its whole cluster, knows by their faces. Reads are from memory. Embeddings go in and are
 * compared, and never come out again.
 */
export class FaceRegistry {
  constructor(private readonly store: FaceStore) {}

  /** Loads the local faces, or begins to follow the cluster's, for which it does not wait. @throws AppError when a local file is damaged */
  start(): Promise<void> {
    return this.store.start();
  }

  /** Ends timers; writes that are under way are finished. */
  stop(): Promise<void> {
    return this.store.stop();
  }

  get status(): FaceRegistryStatus {
    const { faces, problem, scope } = this.store;
    return { scope, count: faces?.size, problem };
  }

  /**
   * Adds a person's face, or replaces the one that was registered under this id; safe to repeat. Answers when it is durable.
   * @throws AppError `invalid_argument`, `conflict` (full), `unavailable` (nothing was changed, or it is not known: ask again)
   */
  async register(input: FaceInput, options: { signal?: AbortSignal | undefined } = {}): Promise<SavedFace> {
    const { embedding, ...fields } = input;
    const details = FaceDetails.safeParse({ ...fields, embedding_size: embedding.length });
    if (!details.success) throw new AppError('invalid_argument', z.prettifyError(details.error), { cause: details.error });
    const unitVector = unitVectorOf(embedding);
    if (!unitVector) throw new AppError('invalid_argument', 'the embedding must be finite numbers that are not all 0');
    return this.store.save({ details: details.data, unitVector }, options);
  }

  /** In the order of their ids. @throws AppError `unavailable` as long as nothing is known of them */
  list(category?: string): RegisteredFace[] {
    return [...this.requireFaces().values()]
      .map(({ face }) => face)
      .filter((face) => category === undefined || isSameCategory(face.category, category))
      .sort((a, b) => compareIds(a.person_id, b.person_id));
  }

  /** @throws AppError `unavailable` as long as nothing is known of the faces */
  get(personId: string): RegisteredFace | undefined {
    return this.requireFaces().get(personId)?.face;
  }

  /** Deletes a face and its embedding. @returns false when there was none @throws AppError `unavailable` */
  async remove(personId: string, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    // Nobody can be registered under such an id.
    if (!FacePersonId.safeParse(personId).success) return false;
    return this.store.remove(personId, options);
  }

  /**
   * The registered faces that are most like this one, best first.
   * @throws AppError `invalid_argument` for an embedding without direction, `unavailable` as long as nothing is known of the faces
   */
  match(embedding: ArrayLike<number>, query: Omit<FaceQuery, 'unitVector'>): FaceMatches {
    const unitVector = unitVectorOf(embedding);
    if (!unitVector) throw new AppError('invalid_argument', 'the embedding must be finite numbers that are not all 0');
    return matchFaces(this.requireFaces().values(), { ...query, unitVector });
  }

  /** "Nobody is on the watchlist" must not be said by an adapter that has not read it. */
  private requireFaces(): ReadonlyMap<string, KnownFace> {
    const { faces, problem } = this.store;
    if (!faces) throw new AppError('unavailable', problem ?? 'the face registry is not read yet', { retryAfterMs: 1_000 });
    return faces;
  }
}
