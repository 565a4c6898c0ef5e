import { boxArea } from '@nightjar/geometry';
import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import type { AnsweringModel, DetectedFace, EngineStep, EngineTasks } from '../../engine/engine-tasks.js';
import { pixelXyxy } from '../render-detections.js';

/** What every task that compares faces takes. */
export const FaceInput = z.object({
  model: z.string().max(64).optional().describe('Face detector to use; default: the configured one'),
  threshold: z.coerce
    .number()
    .min(-1)
    .max(1)
    .optional()
    .describe('Cosine from which two faces are one person; default: the face model’s own'),
});

/** The face that a picture is about, as a vector. */
export interface DescribedFace {
  readonly descriptor: readonly number[];
  readonly box: [number, number, number, number];
  readonly model: AnsweringModel;
  /** Cosine from which two faces are one person, by the model. */
  readonly threshold: number;
  readonly faceCount: number;
}

/** The engine step that describes the largest face of a picture. */
export function describeLargestFace(options: { model?: string | undefined; pictureIndex?: number } = {}): EngineStep<'detect_faces'> {
  const { model, pictureIndex = 0 } = options;
  return { task: 'detect_faces', options: { model, attributes: false, descriptors: 'largest' }, pictureIndex };
}

/**
 * The largest face of a picture.
 * @returns undefined when there is none, or it can't be described (no landmarks to align it by)
 */
export function largestFace({
  faces,
  picture,
  descriptorModel,
  threshold,
}: EngineTasks['detect_faces']['result']): DescribedFace | undefined {
  const described = faces.filter((face): face is DetectedFace & { descriptor: readonly number[] } => face.descriptor !== undefined);
  const [face] = described.sort((a, b) => boxArea(b.box) - boxArea(a.box));
  if (!face || !descriptorModel || threshold === undefined) return undefined;
  return { descriptor: face.descriptor, box: pixelXyxy(face.box, picture), model: descriptorModel, threshold, faceCount: faces.length };
}

/** @throws AppError `unprocessable` when there is no face */
export function requireFace(result: EngineTasks['detect_faces']['result'], which = 'the picture'): DescribedFace {
  const face = largestFace(result);
  if (!face) throw new AppError('unprocessable', `No face found in ${which}`);
  return face;
}

/** Four digits say all that a similarity has to say. */
export function roundSimilarity(similarity: number): number {
  return Math.round(similarity * 10_000) / 10_000;
}

/** Cosine of two vectors of length 1, within -1..1. @throws AppError `model_error` when they are of different models */
export function cosine(a: DescribedFace, b: DescribedFace): number {
  if (a.descriptor.length !== b.descriptor.length) throw new AppError('model_error', 'the two faces were described by different models');
  const sum = a.descriptor.reduce((total, value, index) => total + value * b.descriptor[index]!, 0);
  return Math.min(1, Math.max(-1, sum));
}
