import { describe, expect, it } from '@jest/globals';
import { compareWithTensorflow, type ModelSample } from './converted-models.fixture.js';

// The masks of the BlazePose models end in a steep sigmoid, where roundings of 1e-6 become 1e-3.
const samples: readonly ModelSample[] = [
  { file: 'movenet-lightning', onlyOnePicture: true },
  { file: 'movenet-multipose', pixels: 256, onlyOnePicture: true },
  { file: 'posenet', tolerance: 1e-4 },
  { file: 'efficientpose', normalisation: 'centred' },
  { file: 'blazepose-detector', normalisation: 'centred' },
  { file: 'blazepose-lite', normalisation: 'unit', tolerance: 1e-2 },
  { file: 'blazepose-full', normalisation: 'unit', tolerance: 1e-2 },
  { file: 'handdetect', normalisation: 'centred' },
  { file: 'handlandmark-lite', normalisation: 'unit' },
  { file: 'handlandmark-full', normalisation: 'unit' },
  { file: 'handlandmark-sparse', normalisation: 'unit' },
  { file: 'handskeleton', normalisation: 'unit' },
];

describe('models of bodies and hands', () => {
  it.each(samples)('$file gives what TensorFlow.js computes, alone and in a batch', async (sample) => {
    const { shares, batchDifference } = await compareWithTensorflow(sample);
    const tooFar = [...shares].filter(([, share]) => !(share < (sample.tolerance ?? 3e-5)));
    expect(tooFar).toEqual([]);
    if (sample.onlyOnePicture !== true) expect(batchDifference).toBeLessThan(1e-6);
  });
});
