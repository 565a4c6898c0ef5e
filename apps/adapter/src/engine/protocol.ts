import type { ErrorCode } from '@nightjar/contracts';
import type { AnsweringModel, EngineStep, EngineTaskName, EngineTasks, Precision } from './engine-tasks.js';

/*
 * All that crosses between the adapter's two halves. The parent (http, intake, scheduling, tasks, engine-pool) knows callers and
 * never sees a pixel; the engine process (engine-process, engine-tasks, pictures, models, backends) knows pictures and tensors
 * and never sees a caller. Neither imports the other; compressed pictures go in, plain values come out.
 */

/** A picture with more pixels is refused from its header: decoding it would take gigabytes. Both halves hold to it. */
export const maxPicturePixels = 50_000_000;

/** Pictures and what to do with them, in order. Each picture is decoded once, however many steps look at it. */
export interface EngineWork {
  readonly steps: readonly EngineStep[];
  /** JPEG, PNG or WebP whose headers were checked; none for tensors. */
  readonly pictures: readonly Uint8Array[];
}

export interface StepTimingsMs {
  /** Decoding and resizing. */
  readonly decode: number;
  /** Inside the models. */
  readonly infer: number;
  /** The step as a whole. */
  readonly total: number;
}

export interface EngineFailure {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
}

/** A step's outcome. The first of `models` is the one that the answer names. */
export type StepOutcome<Task extends EngineTaskName = EngineTaskName> =
  | {
      readonly ok: true;
      readonly result: EngineTasks[Task]['result'];
      readonly models: readonly AnsweringModel[];
      readonly timingsMs: StepTimingsMs;
    }
  | EngineFailure;

/** Outcomes in the order of the steps; after a failed step come no more. */
export interface EngineResult {
  readonly steps: readonly StepOutcome[];
  /** How often compressed bytes were decoded into pixels. */
  readonly decodes: number;
}

/** What an engine process is told once, before anything else. */
export interface EngineSettings {
  readonly modelCacheDir: string;
  /** Folders that operators drop models into; absent or missing: built-in models only. */
  readonly modelsDir?: string | undefined;
  /** Folders that operators drop tasks into. */
  readonly tasksDir?: string | undefined;
  /** Models to load before the process says that it is ready. */
  readonly preload: readonly string[];
  /** Model that does a kind of work when the caller names none, by kind. */
  readonly defaultModels?: Readonly<Record<string, string>> | undefined;
  /** Execution providers in order of preference; what is not in the list is never used. */
  readonly providers?: readonly ExecutionProvider[] | undefined;
  /** A model that nobody used for so long is unloaded, unless it is one to preload or was loaded by command; absent or 0: never. */
  readonly idleUnloadMs?: number | undefined;
  /** This process's share of the memory of all; absent or 0: unbounded. */
  readonly memoryBudgetBytes?: number | undefined;
  /** The same of the memory of GPUs. */
  readonly vramBudgetBytes?: number | undefined;
  /** How often the process tells that it lives. */
  readonly pulseEveryMs?: number | undefined;
  /** Models whose loading ended processes: not to be loaded. */
  readonly refusedModels?: readonly string[] | undefined;
  readonly logLevel: string;
}

export type ExecutionProvider = 'cpu' | 'cuda' | 'tensorrt';

/** What a model is good for; decided by its decoder or format. */
export const modelKinds = [
  'detector',
  'face_detector',
  'face_mesh',
  'face_descriptor',
  'text_reader',
  'captioner',
  'classifier',
  'embedder',
  'tensors',
] as const;
export type ModelKind = (typeof modelKinds)[number];

export interface TensorDescription {
  readonly name: string;
  readonly type: string;
  /** -1 where any size goes. */
  readonly dims: readonly number[];
}

/** One model as the engine process sees it. */
export interface ModelStatus {
  readonly name: string;
  readonly version: string;
  readonly kind: ModelKind;
  readonly description: string;
  readonly framework: string;
  readonly licence: string;
  readonly labels: readonly string[];
  readonly sizeBytes: number;
  /** Whether this one is used when a caller names none. */
  readonly isDefault: boolean;
  /** Where it runs, or would run. */
  readonly device: string;
  readonly loaded: boolean;
  /** Known once the files were read and verified. */
  readonly fingerprint: string | undefined;
  /** Known once loaded. */
  readonly precision: Precision | undefined;
  readonly inputs: readonly TensorDescription[] | undefined;
  readonly outputs: readonly TensorDescription[] | undefined;
  /** What loading it took from the process; known once loaded. */
  readonly memoryBytes: number | undefined;
  /** Why it can't be used; undefined for a model whose files are present and verified. */
  readonly problem: string | undefined;
}

/** A task from the tasks folder. */
export interface UserTaskStatus {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly needs: readonly ModelKind[];
  /** JSON Schema of what a caller gives beside the frame, and of the answer. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly output: Readonly<Record<string, unknown>>;
  readonly example: { readonly input: Readonly<Record<string, unknown>>; readonly body: Readonly<Record<string, unknown>> };
  readonly problem: string | undefined;
}

/** What an engine process has. */
export interface EngineCatalogue {
  readonly models: readonly ModelStatus[];
  readonly userTasks: readonly UserTaskStatus[];
  /** Providers that were asked for and can't be had here, with the reason. */
  readonly missingProviders: readonly { readonly provider: ExecutionProvider; readonly reason: string }[];
}

/** The memory of an engine process. */
export interface EngineMemory {
  readonly residentBytes: number;
  /** What it can account for: itself without models, and the models that are loaded. */
  readonly accountedBytes: number;
  /** How many models it has unloaded since it started. */
  readonly unloads: number;
}

/** Parent → engine process. */
export type EngineCommand =
  | { readonly type: 'configure'; readonly settings: EngineSettings }
  | { readonly type: 'run'; readonly requestId: number; readonly work: EngineWork }
  /** Nobody waits for this run any more: it ends at its next use of a model. It is answered all the same. */
  | { readonly type: 'cancel'; readonly requestId: number }
  /** From now on these models, and no others, are not to be loaded. */
  | { readonly type: 'refuse'; readonly models: readonly string[] }
  | { readonly type: 'load' | 'unload'; readonly requestId: number; readonly model: string }
  /** Look at the folders of models and tasks again. */
  | { readonly type: 'rescan'; readonly requestId: number }
  | { readonly type: 'stop' };

/** Engine process → parent. */
export type EngineReport =
  | { readonly type: 'ready'; readonly catalogue: EngineCatalogue }
  | { readonly type: 'start_failed'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'catalogue'; readonly catalogue: EngineCatalogue }
  /** A sign of life. `loading`: the model being loaded, which may block the process for long. */
  | { readonly type: 'pulse'; readonly memory: EngineMemory; readonly loading: string | undefined }
  | { readonly type: 'result'; readonly requestId: number; readonly result: EngineResult }
  | { readonly type: 'done'; readonly requestId: number }
  | { readonly type: 'failure'; readonly requestId: number; readonly code: ErrorCode; readonly message: string };
