import type { Tensors } from '../../backends/tensor.js';
import { requireShape } from './model-outputs.js';

const genderOutput = 'gender_pred/Sigmoid';
const ageOutput = 'age_pred/Softmax';
const descriptorOutput = 'global_pooling/Mean';

/** The outputs that have to be there. */
export const faceresOutputs: readonly string[] = [genderOutput, ageOutput, descriptorOutput];

/** The network tells ages from 0 to 99 apart. */
const ages = 100;
const faceresDescriptorLength = 1024;

/** What FaceRes says of one face. */
export interface FaceAttributes {
  /** Years, with fractions. Coarse: plausible as an age band. */
  readonly age: number;
  readonly gender: 'M' | 'F';
  /** 0 (undecided) to .99. Below about .4 the gender is a guess. */
  readonly genderConfidence: number;
  /** Compare two with the cosine; see the model's manifest for the threshold. Its length is not 1. */
  readonly descriptor: Float32Array;
}

/**
 * Reads FaceRes' outputs for one face. The age is the likeliest year, pulled towards the likelier of its neighbours by ten times
 * that one's probability, as the distribution is flat.
 * Formula: HSE FaceRes (Savchenko 2019) as the package `@vladmandic/human` reads it.
 * Shapes: gender `[1, 1]` (probability of a man), age `[1, 100]` (probabilities), descriptor `[1, 1024]`.
 * @throws Error when the outputs are not those of FaceRes, or hold something that is no number
 */
export function decodeFaceres(outputs: Tensors): FaceAttributes {
  const man = requireShape(outputs, genderOutput, [1, 1]).data[0]!;
  const years = requireShape(outputs, ageOutput, [1, ages]).data;
  const descriptor = requireShape(outputs, descriptorOutput, [1, faceresDescriptorLength]).data.slice();
  if (!(man >= 0 && man <= 1)) throw new Error(`output "${genderOutput}" of the model holds ${man}, expected a probability`);
  if (!years.every(Number.isFinite)) throw new Error(`output "${ageOutput}" of the model holds a probability that is not a number`);
  if (!descriptor.every(Number.isFinite)) throw new Error(`output "${descriptorOutput}" of the model holds something that is not a number`);
  return {
    age: likelyAge(years),
    gender: man <= 0.5 ? 'F' : 'M',
    genderConfidence: Math.min(0.99, 2 * Math.abs(man - 0.5)),
    descriptor,
  };
}

function likelyAge(years: Float32Array): number {
  let likeliest = 0;
  for (let year = 1; year < ages; year++) if (years[year]! > years[likeliest]!) likeliest = year;
  const before = years[likeliest - 1] ?? 0;
  const after = years[likeliest + 1] ?? 0;
  return Math.max(0, before > after ? likeliest - 10 * before : likeliest + 10 * after);
}
