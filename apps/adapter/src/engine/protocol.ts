import type { ErrorCode } from '@nightjar/contracts';
import type { BoxXyxy, PictureSize } from '@nightjar/geometry';

/*
 * All that crosses between the adapter's two halves. The parent (http, intake, scheduling, tasks, engine-pool) knows callers and
 * never sees a pixel; the engine process (engine-process, detection, models, backends) knows pictures and tensors and never sees
 * a caller. Neither imports the other; compressed pictures go in, plain values come out.
 */

/** A picture with more pixels is refused from its header: decoding it would take gigabytes. Both halves hold to it. */
export const maxPicturePixels = 50_000_000;

export interface DetectedObject {
  /** In pixels of the upright picture, inside it. */
  readonly box: BoxXyxy;
  readonly label: string;
  readonly score: number;
}

/** Which weights answered, and how they ran. */
export interface AnsweringModel {
  readonly name: string;
  readonly version: string;
  readonly fingerprint: string;
  readonly precision: 'int8' | 'fp32';
}

/** What an engine process can do, by name: the options that go in beside the picture, and what comes out. */
export interface EngineTasks {
  person_detection: {
    options: {
      /** Persons of a lower score are left out. */
      minScore: number;
    };
    result: {
      /** Best score first. */
      objects: readonly DetectedObject[];
      picture: PictureSize;
      model: AnsweringModel;
      timingsMs: { readonly decode: number; readonly infer: number; readonly postprocess: number };
    };
  };
}
export type EngineTaskName = keyof EngineTasks;

/** One picture and what to do with it. */
export type EngineWork<Task extends EngineTaskName = EngineTaskName> = {
  [T in Task]: { readonly task: T; readonly options: EngineTasks[T]['options']; readonly picture: Uint8Array };
}[Task];
export type EngineResult<Task extends EngineTaskName = EngineTaskName> = EngineTasks[Task]['result'];

/** What an engine process is told once, before anything else. */
export interface EngineSettings {
  readonly modelCacheDir: string;
  /** Models to load before the process says that it is ready. */
  readonly preload: readonly string[];
  readonly logLevel: string;
}

/** One model as the engine process sees it. */
export interface ModelStatus {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly tasks: readonly EngineTaskName[];
  readonly device: 'cpu';
  readonly loaded: boolean;
  /** Known once the files were read and verified. */
  readonly fingerprint: string | undefined;
  /** Known once loaded. */
  readonly precision: 'int8' | 'fp32' | undefined;
  /** Why it can't be used; undefined for a model whose files are present and verified. */
  readonly problem: string | undefined;
}

/** Parent → engine process. It sends the next `run` after the answer to the last one. */
export type EngineCommand =
  | { readonly type: 'configure'; readonly settings: EngineSettings }
  | { readonly type: 'run'; readonly requestId: number; readonly work: EngineWork }
  | { readonly type: 'stop' };

/** Engine process → parent. */
export type EngineReport =
  | { readonly type: 'ready'; readonly models: readonly ModelStatus[] }
  | { readonly type: 'start_failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'models'; readonly models: readonly ModelStatus[] }
  | { readonly type: 'result'; readonly requestId: number; readonly result: EngineResult }
  | { readonly type: 'failure'; readonly requestId: number; readonly code: ErrorCode; readonly message: string };
