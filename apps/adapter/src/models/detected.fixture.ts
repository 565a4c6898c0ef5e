import { readFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import { iou } from '@nightjar/geometry';
import { runWork } from '../engine-tasks/run-work.js';
import type { DetectedObject, EngineTasks } from '../engine/engine-tasks.js';
import type { LoadedModel } from './loaded-model.js';

/** What a loaded detector finds on a picture file. */
export async function detect(picture: string, model: LoadedModel, minScore = 0.4): Promise<readonly DetectedObject[]> {
  const work = { steps: [{ task: 'detect_objects', options: { minScore } }], pictures: [await readFile(picture)] } as const;
  const { result } = await runWork(work, { use: () => Promise.resolve(model), has: () => true });
  const [outcome] = result.steps;
  if (!outcome?.ok) throw new Error(outcome?.message);
  return (outcome.result as EngineTasks['detect_objects']['result']).objects;
}

interface Tolerance {
  /** Smallest overlap of two boxes of one object. */
  readonly iouMin: number;
  /** Largest difference of its scores. */
  readonly scoreAbs: number;
  /** Below it nothing was asked for: an object that scores nearly so little may be missing on one side. */
  readonly minScore?: number;
}

/** Each object of one side is on the other, with its label, nearly its score and nearly its box. */
export function expectSameObjects(actual: readonly DetectedObject[], expected: readonly DetectedObject[], tolerance: Tolerance): void {
  const { iouMin, scoreAbs, minScore = 0.4 } = tolerance;
  const isAt = (other: DetectedObject) => (object: DetectedObject) =>
    object.label === other.label && iou(object.box, other.box) >= iouMin && Math.abs(object.score - other.score) <= scoreAbs;
  const unmatched = (objects: readonly DetectedObject[], others: readonly DetectedObject[]) =>
    objects.filter((object) => object.score > minScore + scoreAbs && !others.some(isAt(object)));
  expect({ missing: unmatched(expected, actual), added: unmatched(actual, expected) }).toEqual({ missing: [], added: [] });
}
