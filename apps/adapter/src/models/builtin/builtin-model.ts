import type { ModelManifest } from '../model-manifest.js';
import type { ActivationRanges } from '../tfjs-to-onnx/quantisation.js';

/** A model that comes with Nightjar. */
export interface BuiltinModel {
  readonly manifest: ModelManifest;
  /** npm package that the files come with; their paths are relative to its root. Absent: there are no files. */
  readonly package?: string | undefined;
  /** What int8 needs to know; without them the model runs in fp32. */
  readonly activationRanges?: ActivationRanges | undefined;
}
