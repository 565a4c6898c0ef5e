import type { RegisteredFace } from '@nightjar/contracts';
import type { KnownFace, NewFace } from './known-face.js';

export interface SavedFace {
  readonly face: RegisteredFace;
  /** False: the person was known and has a new face now. */
  readonly created: boolean;
}

/** Where faces live: in a file of this adapter, or with the NVR for all adapters of a cluster. Reading is from memory. */
export interface FaceStore {
  readonly scope: 'local' | 'cluster';
  /** By person; undefined as long as nothing is known of them. */
  readonly faces: ReadonlyMap<string, KnownFace> | undefined;
  /** Why faces are missing or may be old; undefined: all is well. */
  readonly problem: string | undefined;
  /** @throws AppError when the store can't be used at all */
  start(): Promise<void>;
  /** Adds a person's face or replaces it; when it returns the face is durable, and seen in `faces`. @throws AppError */
  save(face: NewFace, options: { signal?: AbortSignal | undefined }): Promise<SavedFace>;
  /** @returns false when there was no such face @throws AppError */
  remove(personId: string, options: { signal?: AbortSignal | undefined }): Promise<boolean>;
  /** Ends timers and lets writes that are under way finish. */
  stop(): Promise<void>;
}
