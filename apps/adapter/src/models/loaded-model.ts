import type { AnsweringModel, Precision, TextLine } from '../engine/engine-tasks.js';
import type { ModelKind, TensorDescription } from '../engine/protocol.js';
import type { Tensors } from '../backends/tensor.js';
import type { Picture, PixelBuffer } from '../pictures/picture.js';
import type { ModelManifest, PictureInput } from './model-manifest.js';

/** Weights in memory, whatever backend holds them. `run` and loading may block the JavaScript thread: engine processes only. */
interface Session {
  /** Gives the memory back; nothing may run any more. */
  release(): Promise<void>;
}

/** A model of tensors in, tensors out. */
export interface TensorSession extends Session {
  readonly type: 'tensors';
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** @throws Error of the runtime, or when names, types or shapes don't fit the model */
  run(inputs: Tensors): Promise<Tensors>;
  /** Gives the memory of outputs of `run` back before the garbage collector would: nobody may read them any more. */
  free?(outputs: Tensors): void;
}

/** A reader of text: detection, recognition and dictionary work together behind one call. */
export interface TextSession extends Session {
  readonly type: 'text';
  /** @returns lines with boxes in pixels of the picture, in reading order */
  read(pixels: PixelBuffer): Promise<readonly TextLine[]>;
}

/** A writer of captions. */
export interface CaptionSession extends Session {
  readonly type: 'caption';
  caption(picture: Picture, options: { maxNewTokens: number }): Promise<string>;
}

type ModelSession = TensorSession | TextSession | CaptionSession;

/** A model ready to run in this process. */
export interface LoadedModel<S extends ModelSession = ModelSession> {
  readonly manifest: ModelManifest;
  readonly kind: ModelKind;
  readonly fingerprint: string;
  readonly precision: Precision;
  /** Execution provider that runs it. */
  readonly device: string;
  /**
   * How the session takes pictures: the manifest's `input`, but for a converted graph, which normalises by itself. Undefined for a
   * model that takes none. `runOnPixels` goes by it.
   */
  readonly takes?: PictureInput | undefined;
  readonly session: S;
}

/** What an answer says of the model that gave it. */
export function describeModel({ manifest, fingerprint, precision, device }: LoadedModel): AnsweringModel {
  return { name: manifest.name, version: manifest.version, fingerprint, precision, device };
}

/** @throws Error when the manifest's kind and its session don't go together, which loading prevents */
export function requireTensors(model: LoadedModel): LoadedModel<TensorSession> {
  if (model.session.type === 'tensors') return model as LoadedModel<TensorSession>;
  throw new Error(`model "${model.manifest.name}" takes no tensors`);
}
