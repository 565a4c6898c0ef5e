import type { ScoredBox } from '@nightjar/geometry';
import type { Tensors } from '../../backends/tensor.js';

/** How the outputs of an object detector are to be read. */
export interface DetectorDecoding {
  readonly inputWidthPixels: number;
  readonly inputHeightPixels: number;
  /** Number of classes that the model tells apart: the labels of its manifest. */
  readonly classes: number;
  /** Only these classes are looked at; absent: all. */
  readonly classIds?: readonly number[] | undefined;
  /** Boxes below it are left out. 0..1. */
  readonly minScore: number;
  /** Names of the outputs by their part in the decoder (`scores`, `boxes`, …), where they are not the usual ones. */
  readonly outputNames?: Readonly<Record<string, string>> | undefined;
  /** Whether boxes are in pixels of the input or in fractions of it, where the model differs from the usual of its kind. */
  readonly boxUnits?: 'pixels' | 'fractions' | undefined;
  /** Number that the model gives to the first label, where it differs from the usual of its kind. */
  readonly firstClassNumber?: number | undefined;
}

/**
 * Reads a detector's outputs for one picture. Boxes are in pixels of the model's input, by falling score, at most
 * `maxCandidates`; overlaps are left in unless the model resolves them itself.
 * @throws Error when the outputs are not those of such a model, or hold something that is no number
 */
export type DecodeDetections = (outputs: Tensors, decoding: DetectorDecoding) => ScoredBox[];

/** How the outputs of a face detector are to be read. */
export type FaceDecoding = Pick<DetectorDecoding, 'inputWidthPixels' | 'inputHeightPixels' | 'minScore'>;

/** A face with its landmarks in pixels of the model's input. `classId` is always 0, as suppression wants one. */
export interface ScoredFace extends ScoredBox {
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** 1 / (1 + e^-x). */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
