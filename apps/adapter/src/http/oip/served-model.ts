import type { Lane } from '@nightjar/contracts';
import type { Parameters } from './infer-request.js';
import type { ModelSignature } from './model-signature.js';
import type { WireTensor } from './wire-tensor.js';

/** Who asks, and how long there is to answer. */
export interface OipCall {
  readonly lane: Lane;
  /** Whose requests follow each other. */
  readonly session: string | undefined;
  /** Those who wait take turns by it. */
  readonly turn: string;
  readonly signal: AbortSignal;
  /** Parameters of the request that are the model's own. */
  readonly parameters: Parameters;
  /** Outputs that are wanted. */
  readonly outputs: readonly string[];
  /** Since the request came. */
  elapsedMs(): number;
  /** Until the deadline; at least 1. @throws AppError `deadline_exceeded` when it has passed */
  remainingMs(): number;
}

/** Where the time of a request went. */
export interface InferenceTimesMs {
  readonly queue: number;
  readonly input: number;
  readonly infer: number;
  readonly output: number;
}

export interface ModelAnswer {
  readonly outputs: readonly WireTensor[];
  /** Of what answered: for the response's `parameters`. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly fingerprint: string | undefined;
  /** Runs that it took: one for each picture. */
  readonly runs: number;
  readonly timesMs: InferenceTimesMs;
}

/** Something that the protocol calls a model. */
export interface ServedModel {
  readonly name: string;
  readonly version: string;
  /** All versions that may be asked for. */
  readonly versions: readonly string[];
  /** `<project>_<format>`. */
  readonly platform: string;
  /** Where it runs, or would run. */
  readonly device: string;
  /** Why it cannot be used now; undefined: it can, once it is loaded. */
  readonly problem: string | undefined;
  /** Whether a request would find it in memory. */
  readonly isLoaded: boolean;
  /** What else its metadata say. */
  readonly notes: Readonly<Record<string, string>>;
  /** The engine's model behind it, to load and unload; undefined: there is none. */
  readonly engineModel: string | undefined;
  /** What goes in and comes out. A model whose file must be opened to know is loaded. @throws AppError */
  describe(options: { signal: AbortSignal; timeoutMs: number; turn: string }): Promise<ModelSignature>;
  /** @param inputs checked against the signature @throws AppError */
  infer(inputs: readonly WireTensor[], call: OipCall): Promise<ModelAnswer>;
}
