import { describe, expect, it } from '@jest/globals';
import { compareWithTensorflow, type ModelSample } from './converted-models.fixture.js';

const samples: readonly ModelSample[] = [
  { file: 'blazeface', normalisation: 'centred' },
  { file: 'blazeface-back', normalisation: 'centred' },
  { file: 'blazeface-front', normalisation: 'centred' },
  { file: 'facemesh', normalisation: 'unit' },
  { file: 'facemesh-attention', normalisation: 'unit', backend: 'cpu' },
  { file: 'facemesh-attention-pinto', normalisation: 'unit', onlyOnePicture: true },
  { file: 'facemesh-detection-full', normalisation: 'centred' },
  { file: 'facemesh-detection-short', normalisation: 'centred' },
  { file: 'faceres' },
  { file: 'faceres-deep' },
  { file: 'mobileface', normalisation: 'none' },
  { file: 'mobilefacenet', normalisation: 'centred' },
  { file: 'iris', normalisation: 'unit' },
];

describe('face models', () => {
  it.each(samples)('$file gives what TensorFlow.js computes, alone and in a batch', async (sample) => {
    const { shares, batchDifference } = await compareWithTensorflow(sample);
    const tooFar = [...shares].filter(([, share]) => !(share < (sample.tolerance ?? 3e-5)));
    expect(tooFar).toEqual([]);
    if (sample.onlyOnePicture !== true) expect(batchDifference).toBeLessThan(1e-6);
  });
});
