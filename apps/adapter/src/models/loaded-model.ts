import type { OnnxSession } from '../backends/onnx/onnx-session.js';
import type { ModelManifest } from './model-manifest.js';

/** `int8`: convolutions on 8-bit integers, about twice as fast where the CPU has VNNI. */
export type Precision = 'int8' | 'fp32';

/** A model ready to run in this process. */
export interface LoadedModel {
  readonly manifest: ModelManifest;
  readonly fingerprint: string;
  readonly precision: Precision;
  readonly session: OnnxSession;
}
