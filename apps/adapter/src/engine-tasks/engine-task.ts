import type { EngineTaskName, EngineTasks } from '../engine/engine-tasks.js';
import type { ModelKind } from '../engine/protocol.js';
import type { LoadedModel } from '../models/loaded-model.js';
import type { Picture } from '../pictures/picture.js';

/** What a step works with. */
export interface StepContext {
  /** The picture that the step looks at. @throws AppError `invalid_argument` when the request has none */
  readonly picture: Picture;
  /** Results of the steps before, by engine task. */
  readonly previous: ReadonlyMap<string, unknown>;
  /**
   * Loads a model, or finds it loaded: by name, else the default of its kind. The first one that a step uses is named in its answer.
   * @throws AppError `not_found` (no such model, or none of this kind), `invalid_argument` (of another kind), `model_error`
   */
  use(kind: ModelKind, name?: string): Promise<LoadedModel>;
  /** Whether `use` would find such a model, whose files are present and verified. */
  has(kind: ModelKind, name?: string): boolean;
  /** Tasks of the operator's folder. */
  readonly userTasks: UserTaskSource;
  /** Measures time spent in models, for the step's timings. */
  infer<T>(run: () => Promise<T>): Promise<T>;
  /** Computes a value once for all steps of a request on this picture: two steps that need the same boxes share them. */
  once<T>(key: string, compute: () => Promise<T>): Promise<T>;
  /** Does something when all steps of the request are done, and only their results are still read. It must not throw. */
  afterwards(work: () => void): void;
}

/** Where a step finds the tasks of the operator's folder. */
export interface UserTaskSource {
  run(context: StepContext, name: string, input: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
}

/** How an engine task is done. */
export interface EngineTask<Name extends EngineTaskName> {
  /** Whether it looks at details of the picture, so that all pixels are decoded, once. */
  readonly needsPixels?: boolean;
  run(context: StepContext, options: EngineTasks[Name]['options']): Promise<EngineTasks[Name]['result']>;
}
