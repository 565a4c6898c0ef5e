import { describe, expect, it } from '@jest/globals';
import { convertGraphModelFiles } from './convert-graph-model.js';
import { compareWithTensorflow, modelFiles, type ModelSample } from './converted-models.fixture.js';

const samples: readonly ModelSample[] = [
  { file: 'centernet', outputs: ['tower_0/keypoints', 'tower_0/wh'], tolerance: 1e-4 },
  {
    file: 'nanodet',
    normalisation: { channelOrder: 'bgr', mean: [103.53, 116.28, 123.675], deviation: [57.375, 57.12, 58.395] },
  },
];

describe('object detectors', () => {
  it.each(samples)('$file gives what TensorFlow.js computes, alone and in a batch', async (sample) => {
    const { shares, batchDifference } = await compareWithTensorflow(sample);
    const tooFar = [...shares].filter(([, share]) => !(share < (sample.tolerance ?? 3e-5)));
    expect(tooFar).toEqual([]);
    if (sample.onlyOnePicture !== true) expect(batchDifference).toBeLessThan(1e-6);
  });
});

describe('models that cannot be converted as they are', () => {
  it.each([
    { file: 'handtrack', reason: /^NonMaxSuppressionV5 ".*": the operator is not supported$/ },
    { file: 'faceboxes', reason: /^TensorArrayGatherV3 ".*": the operator is not supported$/ },
    { file: 'rvm', reason: /^BatchToSpaceND ".*": the operator is not supported$/ },
  ])('$file is refused with the operator that is missing', async ({ file, reason }) => {
    const conversion = convertGraphModelFiles(await modelFiles(file));
    await expect(conversion).rejects.toMatchObject({ name: 'AppError', code: 'model_error', message: expect.stringMatching(reason) });
  });

  it.each(['movenet-lightning', 'movenet-multipose', 'facemesh-attention-pinto'])(
    '%s is refused for more than one picture, since its graph is written for one',
    async (file) => {
      const conversion = convertGraphModelFiles({ ...(await modelFiles(file)), dynamicBatch: true });
      await expect(conversion).rejects.toThrow(/^\w+ ".*": a batch of more than one picture is not supported$/);
    },
  );

  it('are converted for one picture where more are only a wish', async () => {
    const files = await modelFiles('movenet-lightning');
    const forOne = await convertGraphModelFiles(files);
    expect((await convertGraphModelFiles({ ...files, dynamicBatch: 'where possible' })).equals(forOne)).toBe(true);
  });
});
