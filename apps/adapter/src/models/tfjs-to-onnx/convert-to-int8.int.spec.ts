import { describe, expect, it } from '@jest/globals';
import { iou, suppressNonMaxima } from '@nightjar/geometry';
import { samplePictures } from '@nightjar/testing';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import sharp from 'sharp';
import type { Tensor, Tensors } from '../../backends/tensor.js';
import { nanodetActivationRanges } from '../builtin/nanodet/activation-ranges.js';
import { decodeNanodet, nanodetOutputs } from '../decoders/nanodet-decoder.js';
import { convertGraphModelFiles } from './convert-graph-model.js';
import { modelFiles } from './converted-models.fixture.js';

const pixels = 416;
const decoding = { inputWidthPixels: pixels, inputHeightPixels: pixels, classes: 80, classIds: [0], minScore: 0.45 };

describe('NanoDet in int8', () => {
  it('is a third of the size and finds the persons that fp32 finds, with nearly the same score', async () => {
    const options = {
      ...(await modelFiles('nanodet')),
      outputs: nanodetOutputs,
      picture: { channelOrder: 'bgr', mean: [103.53, 116.28, 123.675], deviation: [57.375, 57.12, 58.395] },
    } as const;
    const fp32 = await convertGraphModelFiles(options);
    const int8 = await convertGraphModelFiles({ ...options, activationRanges: nanodetActivationRanges });
    expect(int8.length).toBeLessThan(fp32.length / 3);

    const [exact, rounded] = await Promise.all([fp32, int8].map((model) => InferenceSession.create(model, { intraOpNumThreads: 1 })));
    for (const file of samplePictures) {
      const photo = await sharp(file).removeAlpha().resize(pixels, pixels, { fit: 'fill' }).raw().toBuffer();
      const [expected, actual] = [await personsOf(exact!, photo), await personsOf(rounded!, photo)];
      const sure = expected.filter(({ score }) => score > decoding.minScore + 0.05);
      for (const { box } of sure) expect(actual.some((found) => iou(found.box, box) > 0.6)).toBe(true);
      expect(Math.abs(actual[0]!.score - expected[0]!.score)).toBeLessThan(0.05);
    }
    // The largest sums that there can be: a CPU that cuts them off sees a person here.
    const white = new Uint8Array(3 * pixels * pixels).fill(255);
    expect(await personsOf(rounded!, white)).toEqual([]);
    await Promise.all([exact!.release(), rounded!.release()]);
  });
});

async function personsOf(session: InferenceSession, photo: Uint8Array) {
  const results = await session.run({ input: new OrtTensor('uint8', photo, [1, pixels, pixels, 3]) });
  const outputs: Tensors = new Map(Object.entries(results).map(([name, { type, dims, data }]) => [name, { type, dims, data } as Tensor]));
  return suppressNonMaxima(decodeNanodet(outputs, decoding), { maxIou: 0.6, scope: 'same-class' });
}
