import {
  facesChanged,
  listFaces,
  registeredFacesMax,
  removeFace,
  saveFace,
  packEmbedding,
  unpackEmbedding,
  type RegisteredFace,
} from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, pause, toAppError, type Logger } from '@nightjar/runtime';
import { FaceCopy, type FacePage, type OwnChange } from './face-copy.js';
import type { FaceStore, SavedFace } from './face-store.js';
import { unitVectorOf, type KnownFace, type NewFace } from './known-face.js';

interface BusFaceStoreOptions {
  readonly bus: Bus;
  readonly logger: Logger;
  /** The nudge over the bus may be lost; the registry is asked this often anyway. */
  readonly pollMs?: number;
  /** After a failure. */
  readonly retryMs?: number;
}

const standardPollMs = 30_000;
const standardRetryMs = 2_000;
const readTimeoutMs = 5_000;
/** The NVR lets 64 writers in and takes one after the other: the last of them waits longest. */
const writeTimeoutMs = 10_000;
/** Many faces that are registered one after the other are read together. */
const gatherMs = 50;
/** The registry sends fewer when they are large. */
const pageFacesMax = 1_000;
/** All faces, one a page, and as many removals: more is no registry of ours. */
const pagesMax = 2 * registeredFacesMax;

/**
 * Faces that live with the NVR, shared by all adapters of a cluster. This adapter reads from a copy, which it keeps up by
 * revisions: at once when it hears of a change, and twice a minute. While the NVR is away reads go on; writes are `unavailable`.
 */
export class BusFaceStore implements FaceStore {
  readonly scope = 'cluster';
  private copy = new FaceCopy();
  /** Takes the place of `copy` when its last page is read: until then the old one is the better one. */
  private rebuilt: FaceCopy | undefined;
  /** Changes of our own while a page is on its way: it may not tell of them. */
  private ownMeanwhile: OwnChange[] | undefined;
  private isLoaded = false;
  private isAway = false;
  private isNudged = false;
  private readonly stopping = new AbortController();
  private pausing = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly options: BusFaceStoreOptions) {}

  get faces(): ReadonlyMap<string, KnownFace> | undefined {
    return this.isLoaded ? this.copy.faces : undefined;
  }

  get problem(): string | undefined {
    if (!this.isLoaded) return 'the face registry of the cluster has not been read yet';
    return this.isAway ? 'the face registry of the cluster does not answer, faces are those that were known' : undefined;
  }

  /** Does not wait: an adapter may start before the NVR. */
  start(): Promise<void> {
    this.options.bus.on(facesChanged, () => this.nudge());
    this.loop = this.follow();
    return Promise.resolve();
  }

  async save({ details, unitVector }: NewFace, options: { signal?: AbortSignal | undefined }): Promise<SavedFace> {
    const body = packEmbedding(unitVector);
    const reply = await this.ask(() =>
      this.options.bus.requestWithBody(saveFace, details, { ...writeOptions(options.signal), body }).then(({ value }) => value),
    );
    const { created, ...stamps } = reply;
    const face: RegisteredFace = { ...details, ...stamps };
    this.applyOwn(face.person_id, face.revision, { face, unitVector });
    return { face, created };
  }

  async remove(personId: string, options: { signal?: AbortSignal | undefined }): Promise<boolean> {
    const { removed, revision } = await this.ask(() =>
      this.options.bus.request(removeFace, { person_id: personId }, writeOptions(options.signal)),
    );
    if (removed || this.copy.faces.has(personId)) this.applyOwn(personId, revision, undefined);
    return removed;
  }

  async stop(): Promise<void> {
    this.stopping.abort(new AppError('cancelled', 'the adapter stops'));
    this.pausing.abort();
    await this.loop;
  }

  private nudge(): void {
    this.isNudged = true;
    this.pausing.abort();
  }

  private async follow(): Promise<void> {
    const { bus, pollMs = standardPollMs, retryMs = standardRetryMs } = this.options;
    await bus.ready(this.stopping.signal).catch(() => undefined); // stopped before there was a bus
    while (!this.stopping.signal.aborted) {
      this.isNudged = false;
      await this.refresh();
      await this.pause(this.isAway ? retryMs : pollMs);
    }
  }

  /** Until it is time, or somebody has changed a face. */
  private async pause(ms: number): Promise<void> {
    this.pausing = new AbortController();
    if (!this.isNudged && !this.stopping.signal.aborted) await pause(ms, this.pausing.signal);
    if (this.isNudged) await pause(gatherMs, this.stopping.signal);
  }

  private async refresh(): Promise<void> {
    const { logger } = this.options;
    try {
      await this.readPages();
      if (this.isAway) logger.info('the face registry answers again');
      this.isAway = false;
    } catch (thrown) {
      this.ownMeanwhile = undefined;
      if (this.stopping.signal.aborted) return;
      if (!this.isAway) logger.warn('the face registry cannot be read', { error: toAppError(thrown).message });
      this.isAway = true;
    }
  }

  /** Page by page up to the newest. A failure in the middle loses nothing: the next reading goes on after the last page. */
  private async readPages(): Promise<void> {
    for (let pages = 0; pages < pagesMax; pages++) {
      const target = this.rebuilt ?? this.copy;
      const ownMeanwhile: OwnChange[] = [];
      this.ownMeanwhile = ownMeanwhile;
      const { fromStart, more, page } = await this.readPage(target);
      // What this adapter wrote before it asked comes with the pages; if not, it was written into another database.
      if (fromStart) this.rebuilt = copyWith(ownMeanwhile);
      else if (more && page.revision <= target.revision) throw new AppError('internal', 'the face registry gives the same page again');
      (this.rebuilt ?? this.copy).applyPage(page);
      this.ownMeanwhile = undefined;
      if (more) continue;
      this.copy = this.rebuilt ?? this.copy;
      this.rebuilt = undefined;
      this.isLoaded = true;
      return;
    }
    throw new AppError('internal', 'the face registry has no end');
  }

  private async readPage(reader: FaceCopy): Promise<{ page: FacePage; fromStart: boolean; more: boolean }> {
    const request = { after_revision: reader.revision, began_at_revision: reader.beganAtRevision, limit: pageFacesMax };
    const { value, body } = await this.options.bus.requestWithBody(listFaces, request, {
      timeoutMs: readTimeoutMs,
      signal: this.stopping.signal,
    });
    const page: FacePage = {
      beganAtRevision: value.began_at_revision,
      revision: value.revision,
      faces: unpackFaces(value.faces, body),
      removed: value.removed.map(({ person_id: personId, revision }) => ({ personId, revision })),
    };
    return { page, fromStart: value.from_start, more: value.more };
  }

  /** What this adapter wrote it sees at once, also in a copy that is being made. */
  private applyOwn(personId: string, revision: number, known: KnownFace | undefined): void {
    const change = { personId, revision, known };
    this.ownMeanwhile?.push(change);
    for (const copy of [this.copy, this.rebuilt]) copy?.applyOwn(change);
  }

  /** @throws AppError as the NVR says; `unavailable` while it is away, or when it is not known whether it has written */
  private async ask<Reply>(request: () => Promise<Reply>): Promise<Reply> {
    try {
      return await request();
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code !== 'unavailable' && error.code !== 'deadline_exceeded') throw error;
      throw new AppError('unavailable', 'the face registry of the cluster does not answer', {
        cause: error,
        retryAfterMs: error.retryAfterMs ?? 1_000,
      });
    }
  }
}

function writeOptions(signal: AbortSignal | undefined): { timeoutMs: number; signal?: AbortSignal } {
  return { timeoutMs: writeTimeoutMs, ...(signal ? { signal } : {}) };
}

function copyWith(changes: readonly OwnChange[]): FaceCopy {
  const copy = new FaceCopy();
  for (const change of changes) copy.applyOwn(change);
  return copy;
}

function unpackFaces(faces: readonly RegisteredFace[], body: Uint8Array): KnownFace[] {
  let offset = 0;
  return faces.map((face) => {
    const start = offset;
    offset += face.embedding_size * Float32Array.BYTES_PER_ELEMENT;
    const embedding = unpackEmbedding(body.subarray(start, offset), face.embedding_size);
    if (!embedding) throw new AppError('internal', 'the face registry gives no embedding for a face');
    // One without direction is like nobody; the registry takes none in.
    return { face, unitVector: unitVectorOf(embedding) ?? embedding };
  });
}
