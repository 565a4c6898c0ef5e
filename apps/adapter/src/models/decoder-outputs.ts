import type { Tensors } from '../backends/tensor.js';
import { blazefaceOutputs, decodeBlazeface } from './decoders/blazeface-decoder.js';
import { decodeClassification } from './decoders/classification-decoder.js';
import { detectorDecoders } from './decoders/detector-decoders.js';
import type { FaceDecoding } from './decoders/detector-decoding.js';
import { decodeEmbedding } from './decoders/embedding-decoder.js';
import { decodeFacemesh, facemeshOutputs } from './decoders/facemesh-decoder.js';
import { decodeFaceres, faceresOutputs } from './decoders/faceres-decoder.js';
import { decodeScrfd } from './decoders/scrfd-decoder.js';
import { isDetectorDecoder, requireInput, type DecoderName, type ModelManifest } from './model-manifest.js';

type OtherDecoder = Exclude<DecoderName, keyof typeof detectorDecoders>;

/** Outputs that a TensorFlow.js graph is cut to; undefined: whatever its signature has. */
export function graphOutputsOf(decoder: DecoderName): readonly string[] | undefined {
  if (isDetectorDecoder(decoder)) return detectorDecoders[decoder].graphOutputs;
  return graphOutputs[decoder];
}

const graphOutputs: Readonly<Partial<Record<OtherDecoder, readonly string[]>>> = {
  blazeface: blazefaceOutputs,
  faceres: faceresOutputs,
  facemesh: facemeshOutputs,
};

/**
 * Reads the outputs of one picture as the tasks will, to see that they are those of such a model.
 * @throws Error that says what is wrong with them: name, shape, or something that is no number
 */
export function checkOutputs(manifest: ModelManifest, outputs: Tensors): void {
  const { decoder, decoding, defaults, labels } = manifest;
  if (decoder === 'none') return;
  const { widthPixels: inputWidthPixels, heightPixels: inputHeightPixels } = requireInput(manifest);
  const options = { inputWidthPixels, inputHeightPixels, classes: labels.length, minScore: defaults.minScore, ...decoding };
  if (isDetectorDecoder(decoder)) detectorDecoders[decoder].decode(outputs, options);
  else checks[decoder](outputs, { ...options, names: decoding.outputNames ?? {} });
}

interface CheckOptions extends FaceDecoding {
  readonly classes: number;
  readonly activation: ModelManifest['decoding']['activation'];
  readonly names: Readonly<Record<string, string>>;
}

const checks: { readonly [Name in OtherDecoder]: (outputs: Tensors, options: CheckOptions) => unknown } = {
  blazeface: decodeBlazeface,
  scrfd: decodeScrfd,
  faceres: decodeFaceres,
  arcface: (outputs, { names }) => decodeEmbedding(outputs, { normalise: true, outputName: names['embedding'] }),
  facemesh: decodeFacemesh,
  classification: (outputs, { classes, activation, names }) =>
    decodeClassification(outputs, { classes, activation, topK: 1, outputName: names['classes'] }),
  embedding: (outputs, { names }) => decodeEmbedding(outputs, { normalise: false, outputName: names['embedding'] }),
  none: () => undefined,
};
