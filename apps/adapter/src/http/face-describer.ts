import { AppError } from '@nightjar/runtime';
import { EnginePool } from '../engine/engine-pool.js';
import type { ModelKind } from '../engine/protocol.js';
import type { EngineTasks } from '../engine/engine-tasks.js';
import { checkPicture } from '../intake/picture-header.js';
import { describeLargestFace, largestFace, type DescribedFace } from '../tasks/face-embedding/described-face.js';

const needed: readonly ModelKind[] = ['face_detector', 'face_descriptor'];

/** Turns the picture of somebody who is to be registered into the vector that the registry keeps. */
export class FaceDescriber {
  constructor(private readonly pool: EnginePool) {}

  /**
   * @returns the largest face, or undefined when there is none
   * @throws AppError `unavailable` without models for faces, `invalid_argument` for what is no picture, or what the engine says
   */
  async describe(
    picture: Uint8Array,
    { turn, timeoutMs, signal }: { turn: string; timeoutMs: number; signal: AbortSignal },
  ): Promise<DescribedFace | undefined> {
    this.requireModels();
    checkPicture(picture);
    const work = { steps: [describeLargestFace()], pictures: [picture] };
    const { steps } = await this.pool.run({ work, lane: 'live', turn, timeoutMs, signal });
    const [outcome] = steps;
    if (!outcome?.ok) throw new AppError(outcome?.code ?? 'internal', outcome?.message ?? 'the engine gave no outcome');
    return largestFace(outcome.result as EngineTasks['detect_faces']['result']);
  }

  private requireModels(): void {
    const { models } = this.pool.status;
    // While the engine processes start nothing is known of models: the request waits for them.
    if (models.length === 0) return;
    const usable = new Set(models.flatMap(({ kind, problem }) => (problem === undefined ? [kind] : [])));
    if (!needed.every((kind) => usable.has(kind))) throw new AppError('unavailable', 'no face model', { retryAfterMs: 60_000 });
  }
}

/** What the registry keeps of a person whose face was described. */
export function faceToRegister<Details extends object>(details: Details, { model, descriptor }: DescribedFace) {
  return { ...details, model_name: model.name, model_fingerprint: model.fingerprint, embedding: descriptor };
}
