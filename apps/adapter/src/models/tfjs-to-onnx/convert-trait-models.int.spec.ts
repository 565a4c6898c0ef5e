import { describe, expect, it } from '@jest/globals';
import { compareWithTensorflow, type ModelSample } from './converted-models.fixture.js';

const samples: readonly ModelSample[] = [
  { file: 'age' },
  { file: 'gender', normalisation: 'centred' },
  { file: 'gender-ssrnet-imdb' },
  { file: 'gear', normalisation: 'unit' },
  { file: 'emotion', normalisation: 'centred' },
  { file: 'liveness', normalisation: 'unit' },
  { file: 'antispoof', normalisation: 'unit' },
  { file: 'selfie', normalisation: 'unit', tolerance: 1e-3 },
  { file: 'meet', normalisation: 'unit' },
];

describe('models of traits and backgrounds', () => {
  it.each(samples)('$file gives what TensorFlow.js computes, alone and in a batch', async (sample) => {
    const { shares, batchDifference } = await compareWithTensorflow(sample);
    const tooFar = [...shares].filter(([, share]) => !(share < (sample.tolerance ?? 3e-5)));
    expect(tooFar).toEqual([]);
    if (sample.onlyOnePicture !== true) expect(batchDifference).toBeLessThan(1e-6);
  });
});
