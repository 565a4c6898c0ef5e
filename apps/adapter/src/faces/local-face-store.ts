import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { registeredFacesMax, type RegisteredFace } from '@nightjar/contracts';
import { AppError, hasErrorCode, replaceFile, type Clock } from '@nightjar/runtime';
import { decodeFaceFile, encodeFaceFile, type LocalFaces } from './face-file.js';
import type { FaceStore, SavedFace } from './face-store.js';
import type { KnownFace, NewFace } from './known-face.js';

/** Full: `overloaded`, the caller comes again. */
const changesWaitingMax = 256;
/** 10 000 faces with the longest embeddings and metadata are less. */
const fileBytesMax = 512 * 1024 * 1024 - 1;

interface Draft {
  revision: number;
  readonly faces: Map<string, KnownFace>;
}

interface WaitingChange {
  /** Works on the draft; what it throws is for its caller alone. */
  readonly apply: (draft: Draft) => void;
  readonly done: (failure: AppError | undefined) => void;
}

/**
 * Faces in one file of the data directory, for an adapter without a bus. Every change writes the file anew, whole or not at all;
 * changes that come meanwhile share the next writing. Only the owner of the file may read it: embeddings are biometric data.
 */
export class LocalFaceStore implements FaceStore {
  readonly scope = 'local';
  private current: LocalFaces | undefined;
  /** As this process left the file: another process that writes it too must not be overwritten. */
  private fileMark: string | undefined;
  private readonly waiting: WaitingChange[] = [];
  private writing: Promise<void> | undefined;
  private isStopping = false;
  private writeProblem: string | undefined;

  constructor(private readonly options: { file: string; clock: Clock }) {}

  get faces(): ReadonlyMap<string, KnownFace> | undefined {
    return this.current?.faces;
  }

  get problem(): string | undefined {
    return this.current ? this.writeProblem : 'the face registry is not read yet';
  }

  /** @throws AppError `unprocessable` when the file is damaged: it is left as it is, an operator has to decide */
  async start(): Promise<void> {
    const { file } = this.options;
    await removeUnfinished(file);
    this.fileMark = await markOf(file);
    if (this.fileMark === undefined) {
      this.current = { revision: 0, faces: new Map() };
      return;
    }
    try {
      this.current = await readFaces(file);
    } catch (cause) {
      const reason =
        cause instanceof AppError ? cause.message : `it cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`;
      const advice = 'bring it back from a backup, or move it away to begin with no faces';
      throw new AppError('unprocessable', `the face registry ${file} is damaged: ${reason}; ${advice}`, { cause });
    }
  }

  async save({ details, unitVector }: NewFace): Promise<SavedFace> {
    let saved: SavedFace | undefined;
    await this.change((draft) => {
      const known = draft.faces.get(details.person_id)?.face;
      if (!known && draft.faces.size >= registeredFacesMax)
        throw new AppError('conflict', `the face registry is full: it holds ${registeredFacesMax} faces, remove some first`);
      const nowMs = Math.round(this.options.clock.wallMs());
      const face: RegisteredFace = {
        ...details,
        revision: ++draft.revision,
        created_at_unix_ms: known?.created_at_unix_ms ?? nowMs,
        updated_at_unix_ms: nowMs,
      };
      draft.faces.set(face.person_id, { face, unitVector });
      saved = { face, created: !known };
    });
    if (!saved) throw new AppError('internal', 'a face was written that nobody saved');
    return saved;
  }

  async remove(personId: string): Promise<boolean> {
    let removed = false;
    await this.change((draft) => {
      removed = draft.faces.delete(personId);
      if (removed) draft.revision++;
    });
    return removed;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.writing;
  }

  private change(apply: WaitingChange['apply']): Promise<void> {
    if (this.isStopping || !this.current) throw new AppError('unavailable', 'the face registry is not open', { retryAfterMs: 1_000 });
    if (this.waiting.length >= changesWaitingMax)
      throw new AppError('overloaded', 'too many faces are being registered', { retryAfterMs: 1_000 });
    return new Promise((resolve, reject) => {
      this.waiting.push({ apply, done: (failure) => (failure ? reject(failure) : resolve()) });
      this.writing ??= this.writeWaiting().finally(() => (this.writing = undefined));
    });
  }

  private async writeWaiting(): Promise<void> {
    while (this.waiting.length > 0 && this.current) {
      const before = this.current;
      const draft: Draft = { revision: before.revision, faces: new Map(before.faces) };
      const applied = this.waiting.splice(0).filter((change) => isApplied(change, draft));
      const failure = draft.revision === before.revision ? undefined : await this.write(draft);
      // Readers see it with the answer to the writer, not before: until then it may be lost.
      if (!failure) this.current = draft;
      for (const { done } of applied) done(failure);
    }
  }

  private async write(draft: LocalFaces): Promise<AppError | undefined> {
    const { file } = this.options;
    try {
      if ((await markOf(file)) !== this.fileMark)
        throw new AppError('conflict', 'another process has written the face registry: two adapters must not share a data directory');
      const content = await encodeFaceFile(draft);
      await mkdir(path.dirname(file), { recursive: true });
      await replaceFile(file, content, { durable: true, mode: 0o600 });
      this.fileMark = await markOf(file);
      this.writeProblem = undefined;
      return undefined;
    } catch (cause) {
      const failure =
        cause instanceof AppError
          ? cause
          : new AppError('unavailable', 'the face registry cannot be written', { cause, retryAfterMs: 5_000 });
      this.writeProblem = failure.message;
      return failure;
    }
  }
}

/** Whether a change could be made; one that could not is answered here. */
function isApplied({ apply, done }: WaitingChange, draft: Draft): boolean {
  try {
    apply(draft);
    return true;
  } catch (error) {
    done(error instanceof AppError ? error : new AppError('internal', 'a face could not be registered', { cause: error }));
    return false;
  }
}

async function readFaces(file: string): Promise<LocalFaces> {
  if ((await stat(file)).size > fileBytesMax) throw new AppError('unprocessable', `it has more than ${fileBytesMax} bytes`);
  return decodeFaceFile(await readFile(file));
}

/** Tells one content of the file from the next; undefined: there is no file. */
async function markOf(file: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(file, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** A process that was killed while it wrote leaves a part behind, with embeddings that may be deleted by now. */
async function removeUnfinished(file: string): Promise<void> {
  const directory = path.dirname(file);
  const names = await readdir(directory).catch(() => []);
  const unfinished = names.filter((name) => name.startsWith(`.${path.basename(file)}.`) && name.endsWith('.part'));
  await Promise.all(unfinished.map((name) => rm(path.join(directory, name), { force: true })));
}
