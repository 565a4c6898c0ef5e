import type { Tensors } from '../../backends/tensor.js';
import { BestCandidates } from './best-candidates.js';
import { sigmoid } from './detector-decoding.js';
import { findOutput, requireShape } from './model-outputs.js';

interface ClassificationDecoding {
  /** Number of classes: the labels of the model's manifest. */
  readonly classes: number;
  /** Most classes to answer with. */
  readonly topK: number;
  /** Classes below it are left out; default 0. */
  readonly minScore?: number | undefined;
  /** `none`: the model gives probabilities. `softmax`: logits of classes that exclude each other. `sigmoid`: logits of tags. */
  readonly activation: 'none' | 'softmax' | 'sigmoid';
  /** Where the model has several outputs. */
  readonly outputName?: string | undefined;
}

interface ClassScore {
  readonly classId: number;
  readonly score: number;
}

const usualNames = ['probabilities', 'logits', 'output', 'output0', 'prob', 'Identity'];

const activations: { readonly [Name in ClassificationDecoding['activation']]: (values: Float32Array) => Float32Array } = {
  none: (values) => values,
  softmax,
  sigmoid: (values) => values.map(sigmoid),
};

/**
 * Reads a classifier's output for one picture: its likeliest classes, best first.
 * Shape: `[1, classes]`, or `[1, classes, 1, 1]` as some exporters leave the pooled picture.
 * @throws Error when the output is not that of such a model, or holds something that is no number
 */
export function decodeClassification(outputs: Tensors, decoding: ClassificationDecoding): ClassScore[] {
  const { classes, topK, minScore = 0, activation, outputName } = decoding;
  const part = 'classes';
  const name = findOutput(outputs, { part, usualNames, outputNames: { [part]: outputName } });
  const { data } = requireShape(outputs, name, [1, classes], [1, classes, 1, 1]);
  const scores = activations[activation](data);
  const candidates = new BestCandidates(name);
  for (let classId = 0; classId < classes; classId++) {
    const score = scores[classId]!;
    if (!(score < minScore)) candidates.offer(score, classId, classId);
  }
  return candidates
    .best()
    .slice(0, topK)
    .map(({ classId, score }) => ({ classId, score }));
}

/** The largest is taken off first, so that no exponential overflows. */
function softmax(logits: Float32Array): Float32Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}
