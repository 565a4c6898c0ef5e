import type { BoxXyxy, PictureSize } from '@nightjar/geometry';
import type { Tensor } from '../backends/tensor.js';

/*
 * What an engine process can do, by name: the options that go in beside the pictures, and what comes out. Part of the protocol:
 * plain values only. Public tasks (tasks/) are made of these.
 */

export interface DetectedObject {
  /** In pixels of the upright picture, inside it. */
  readonly box: BoxXyxy;
  readonly label: string;
  readonly score: number;
  readonly classId: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Image-left eye, image-right eye, nose, image-left and image-right corner of the mouth, in pixels of the upright picture. */
export type FaceLandmarks = readonly [Point, Point, Point, Point, Point];

export interface DetectedFace {
  readonly box: BoxXyxy;
  readonly score: number;
  readonly landmarks?: FaceLandmarks;
  /** In whole years; absent when not asked for, or below the model's confidence. */
  readonly age?: number;
  readonly gender?: 'M' | 'F';
  /** What the face looks like as a vector of the descriptor model; faces of one person have similar ones. */
  readonly descriptor?: readonly number[];
}

/** Which weights answered, and how they ran. */
export interface AnsweringModel {
  readonly name: string;
  readonly version: string;
  readonly fingerprint: string;
  readonly precision: Precision;
  readonly device: string;
}

/** `int8`: convolutions on 8-bit integers, about twice as fast where the CPU has VNNI. */
export type Precision = 'int8' | 'fp32' | 'fp16';

export interface TextLine {
  readonly text: string;
  readonly confidence: number;
  readonly box: BoxXyxy;
  /** The corners of the line as it lies, clockwise from its top left. */
  readonly polygon: readonly Point[];
}

export interface PlateReading {
  readonly text: string;
  readonly confidence: number;
  /** Whether the reading is good enough to act on. */
  readonly accepted: boolean;
  readonly box: BoxXyxy;
  readonly vehicle: DetectedObject;
}

/** Every task may name the model that is to do it; without a name the default of its kind does. */
interface ModelChoice {
  readonly model?: string | undefined;
}

interface OfPicture {
  /** Size of the upright picture. */
  readonly picture: PictureSize;
}

export interface EngineTasks {
  detect_objects: {
    options: ModelChoice & {
      /** Only these labels; absent: all. */
      readonly labels?: readonly string[] | undefined;
      /** Labels that the model does not know are refused; otherwise nothing is found of them. */
      readonly refuseUnknownLabels?: boolean;
      /** Weaker objects are left out; absent: the model's default. */
      readonly minScore?: number | undefined;
      /** Only these parts of the picture, each as a picture of its own; absent: the whole. */
      readonly regions?: readonly BoxXyxy[] | undefined;
    };
    /** Best score first, those of the first region before those of the second. `candidates`: boxes before duplicates were dropped. */
    result: OfPicture & {
      readonly objects: readonly (DetectedObject & { readonly region?: number })[];
      readonly candidates: number;
      readonly input: PictureSize;
    };
  };
  detect_faces: {
    options: ModelChoice & {
      readonly minScore?: number | undefined;
      /** Landmarks, age and gender cost a run of two more models for each face. */
      readonly attributes: boolean;
      readonly descriptors: 'none' | 'largest' | 'all';
    };
    /** Best score first. `descriptorModel` and `threshold` (cosine) are there when descriptors were asked for. */
    result: OfPicture & {
      readonly faces: readonly DetectedFace[];
      readonly descriptorModel?: AnsweringModel | undefined;
      readonly threshold?: number | undefined;
    };
  };
  read_text: {
    options: ModelChoice & { readonly minConfidence?: number | undefined };
    /** In reading order. */
    result: OfPicture & { readonly lines: readonly TextLine[] };
  };
  read_plates: {
    options: ModelChoice & { readonly minConfidence?: number | undefined };
    result: OfPicture & { readonly plates: readonly PlateReading[]; readonly minConfidence: number };
  };
  describe_scene: {
    options: ModelChoice & { readonly maxNewTokens?: number | undefined };
    result: OfPicture & { readonly caption: string; readonly modelId: string; readonly source: 'template' | 'model' };
  };
  classify_image: {
    options: ModelChoice & { readonly top?: number | undefined };
    result: OfPicture & { readonly predictions: readonly { readonly label: string; readonly score: number; readonly classId: number }[] };
  };
  embed_image: {
    options: ModelChoice;
    result: OfPicture & { readonly embedding: readonly number[] };
  };
  /** A small grey picture: what motion is measured on. */
  shrink_to_luma: {
    options: { readonly widthPixels: number; readonly heightPixels: number };
    result: OfPicture & { readonly luma: Uint8Array };
  };
  /** Nothing but the way there and back. */
  echo: {
    options: Record<never, never>;
    result: { readonly sizeBytes: number; readonly sha256: string };
  };
  /** A model as it is: tensors in, tensors out. */
  run_tensors: {
    options: {
      readonly model: string;
      readonly version?: string | undefined;
      readonly inputs: readonly NamedTensor[];
      /** Absent: all outputs. */
      readonly outputs?: readonly string[] | undefined;
    };
    result: { readonly outputs: readonly NamedTensor[] };
  };
  /** A task that the operator dropped into the tasks folder. */
  user_task: {
    options: { readonly name: string; readonly input: Readonly<Record<string, unknown>> };
    result: { readonly answer: Readonly<Record<string, unknown>> };
  };
}

export interface NamedTensor extends Tensor {
  readonly name: string;
}

export type EngineTaskName = keyof EngineTasks;

/** One thing to do with the pictures of a request. */
export type EngineStep<Task extends EngineTaskName = EngineTaskName> = {
  [T in Task]: {
    readonly task: T;
    readonly options: EngineTasks[T]['options'];
    /** Which of the request's pictures; the first unless said otherwise. */
    readonly pictureIndex?: number;
  };
}[Task];
