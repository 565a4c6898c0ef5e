import { describe, expect, it } from '@jest/globals';
import { decodeFaceres } from './faceres-decoder.js';
import { floats } from './tensors.fixture.js';

function outputsOf({ man = 0.25, years = {} as Readonly<Record<number, number>> } = {}) {
  const age = floats([1, 100]);
  for (const [year, probability] of Object.entries(years)) age.data[Number(year)] = probability;
  const descriptor = floats([1, 1024]);
  descriptor.data[3] = 2;
  return new Map([
    ['gender_pred/Sigmoid', floats([1, 1], [man])],
    ['age_pred/Softmax', age],
    ['global_pooling/Mean', descriptor],
  ]);
}

describe('decodeFaceres', () => {
  it('reads the gender and how sure it is', () => {
    expect(decodeFaceres(outputsOf({ man: 0.25 }))).toMatchObject({ gender: 'F', genderConfidence: 0.5 });
    expect(decodeFaceres(outputsOf({ man: 0.875 }))).toMatchObject({ gender: 'M', genderConfidence: 0.75 });
    expect(decodeFaceres(outputsOf({ man: 1 }))).toMatchObject({ gender: 'M', genderConfidence: 0.99 });
  });

  it('pulls the likeliest year towards the likelier neighbour', () => {
    expect(decodeFaceres(outputsOf({ years: { 29: 0.0625, 30: 0.25, 31: 0.125 } })).age).toBe(31.25);
    expect(decodeFaceres(outputsOf({ years: { 29: 0.125, 30: 0.25, 31: 0.0625 } })).age).toBe(28.75);
  });

  it('stays within a life at both ends', () => {
    expect(decodeFaceres(outputsOf({ years: { 0: 0.5 } })).age).toBe(0);
    expect(decodeFaceres(outputsOf({ years: { 98: 0.125, 99: 0.5 } })).age).toBe(97.75);
  });

  it('gives a descriptor of its own, which outlives the outputs', () => {
    const outputs = outputsOf();
    const { descriptor } = decodeFaceres(outputs);
    outputs.get('global_pooling/Mean')!.data.fill(0);
    expect(descriptor).toHaveLength(1024);
    expect(descriptor[3]).toBe(2);
  });

  it('refuses what is no number, and outputs of another model', () => {
    expect(() => decodeFaceres(outputsOf({ man: NaN }))).toThrow(
      'output "gender_pred/Sigmoid" of the model holds NaN, expected a probability',
    );
    const outputs = outputsOf();
    outputs.get('global_pooling/Mean')!.data[9] = NaN;
    expect(() => decodeFaceres(outputs)).toThrow('output "global_pooling/Mean" of the model holds something that is not a number');
    outputs.set('age_pred/Softmax', floats([1, 101]));
    expect(() => decodeFaceres(outputs)).toThrow('output "age_pred/Softmax" of the model has the shape [1, 101], expected [1, 100]');
  });
});
