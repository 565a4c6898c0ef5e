import { z } from 'zod';
import type { ModelKind } from '../engine/protocol.js';
import { detectorDecoderNames, type DetectorDecoderName } from './decoders/detector-decoders.js';

/** What runs the files, or makes of them what can be run. */
const modelFormats = ['onnx', 'tfjs-graph-model', 'tensorflow', 'paddle-ocr', 'transformers', 'blip-onnx', 'identity'] as const;
export type ModelFormat = (typeof modelFormats)[number];

const otherDecoders = ['blazeface', 'scrfd', 'faceres', 'arcface', 'facemesh', 'classification', 'embedding', 'none'] as const;
const decoders = [...detectorDecoderNames, ...otherDecoders] as const;
export type DecoderName = (typeof decoders)[number];

const maxLabels = 20_000;
const maxFiles = 256;
const maxSidePixels = 8192;
const usualMinScore = 0.4;

const Fraction = z.number().min(0).max(1);
const ThreeNumbers = z.tuple([z.number(), z.number(), z.number()]);
const Text = z.string().max(2000);
const TensorName = z.string().min(1).max(200);

/** Names a model; also its folder. */
const ModelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 characters of a-z 0-9 . _ - and begin with a letter or digit');
const ModelVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 characters of A-Z a-z 0-9 . _ - and begin with a letter or digit');

/** What a file is for, in formats of several files. */
const FileRole = z.enum([
  'model',
  'data',
  'detection',
  'recognition',
  'orientation',
  'dictionary',
  'vision',
  'text_decoder',
  'tokenizer',
  'config',
]);
export type FileRole = z.infer<typeof FileRole>;

const ModelFile = z.strictObject({
  /** Relative to the manifest's folder, with `/`. What leads out of it, also through links, is refused. */
  path: z.string().min(1).max(400),
  /** A file with another hash is refused. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
    .optional(),
  /** Left out: `model` for the first file, `data` for others. */
  role: FileRole.optional(),
  /** Of a `model` file: several may be given, and the device's favourite is taken. */
  precision: z.enum(['int8', 'fp16', 'fp32']).default('fp32'),
});
export type ModelFile = z.infer<typeof ModelFile>;

/** A further input that is the same for every picture, e.g. the size that a model wants to be told. */
const ConstantInput = z.strictObject({
  name: TensorName,
  dtype: z.enum(['float32', 'int64', 'int32']),
  dims: z.array(z.number().int().min(1).max(4096)).max(6),
  values: z.array(z.number()).min(1).max(4096),
});

const PictureInput = z.strictObject({
  /** Left out: the only input of the model. */
  name: TensorName.optional(),
  widthPixels: z.number().int().min(1).max(maxSidePixels),
  heightPixels: z.number().int().min(1).max(maxSidePixels),
  /** `nchw`: planes of one channel each. `nhwc`: pixels with their channels. A TensorFlow.js graph that is converted takes pixels. */
  layout: z.enum(['nchw', 'nhwc']).default('nchw'),
  dtype: z.enum(['float32', 'float16', 'uint8']).default('float32'),
  channelOrder: z.enum(['rgb', 'bgr']).default('rgb'),
  /** Subtracted from, then divided into, the 0..255 values of each channel, in the channel order. */
  mean: ThreeNumbers.default([0, 0, 0]),
  deviation: ThreeNumbers.default([1, 1, 1]),
  /** How a picture of another shape gets into the input: distorted, or whole with a border. */
  fit: z.enum(['stretch', 'letterbox']).default('stretch'),
  /** Grey of the border, 0..255. */
  fill: z.number().int().min(0).max(255).default(114),
  /** Where the picture lies in the border. */
  align: z.enum(['centre', 'top-left']).default('centre'),
  constantInputs: z.array(ConstantInput).max(8).default([]),
});
export type PictureInput = z.infer<typeof PictureInput>;

/** Where a model's outputs differ from the usual of its decoder. */
const Decoding = z.strictObject({
  /** Names of outputs by their part in the decoder, e.g. `{"boxes": "dets"}`. */
  outputNames: z.record(z.string().max(64), TensorName).optional(),
  boxUnits: z.enum(['pixels', 'fractions']).optional(),
  /** Number that the model gives to the first label. */
  firstClassNumber: z.number().int().min(-1).max(1000).optional(),
  /** Of a classifier: `none` when it gives probabilities itself. */
  activation: z.enum(['none', 'softmax', 'sigmoid']).default('softmax'),
  /** Of an embedding: whether it is scaled to length 1. */
  normalise: z.boolean().default(true),
});

const Defaults = z.strictObject({
  /** Weaker objects, faces or classes are left out unless the caller names another score. Of classes: 0. */
  minScore: Fraction.optional(),
  /** Largest overlap of two boxes of one class. */
  maxIou: Fraction.default(0.5),
  /** Largest overlap of two boxes of different classes. */
  maxIouAcrossClasses: Fraction.default(0.85),
  /** Of a face descriptor: cosine from which two faces are one person. */
  threshold: z.number().min(-1).max(1).optional(),
});

/** How a face is cut out of the picture for a model that looks at one face. */
const FaceCrop = z.strictObject({
  /** `square`: around the middle of its box. `aligned`: turned so that eyes, nose and mouth lie where ArcFace models expect them. */
  crop: z.enum(['square', 'aligned']).default('square'),
  /** Of `square`: side by the longer side of the box. */
  enlarge: z.number().min(0.5).max(4).default(1.4),
});

/** Requests that wait at the same time are run together. */
const Batching = z.strictObject({
  maxSize: z.number().int().min(1).max(64),
  /** How long the first of a batch waits for others. 0: not at all; what comes during a run is joined all the same. */
  maxQueueDelayMs: z.number().min(0).max(100).default(0),
});

/** Of a caption model. */
const Caption = z.strictObject({
  /** Which of the folder's files, by their suffix: none, `_fp16`, `_quantized`, `_q4`. */
  weights: z.enum(['fp32', 'fp16', 'q8', 'q4']).default('fp32'),
  /** What the model is asked, where it takes a prompt. */
  prompt: z.string().max(500).optional(),
  maxNewTokens: z.number().int().min(1).max(512).default(40),
});

const Labels = z.union([z.array(z.string().min(1).max(200)).max(maxLabels), LabelsElsewhere()], {
  error: 'must be a list of names, {"preset": "coco80"} or {"file": "<path>"}',
});

function LabelsElsewhere() {
  return z.union([z.strictObject({ preset: z.literal('coco80') }), z.strictObject({ file: z.string().min(1).max(400) })]);
}

/**
 * A `model.json`: what there is to know of a model before its weights are read: where they are, what goes in, how to read what
 * comes out. Immutable: other weights are another version.
 */
export const ModelManifestFile = z
  .strictObject({
    name: ModelName,
    version: ModelVersion.default('1'),
    description: Text.default(''),
    licence: Text.default('not stated'),
    credit: Text.optional(),
    url: z
      .url({ protocol: /^https?$/ })
      .max(2000)
      .optional(),
    format: z.enum(modelFormats),
    /** Of format `transformers` it may be left out: then all files of the folder are the model. */
    files: z.array(ModelFile).max(maxFiles).default([]),
    input: PictureInput.optional(),
    /** How the outputs are read (models/decoders). `none`: tensors go out as they are. */
    decoder: z.enum(decoders).default('none'),
    decoding: Decoding.prefault({}),
    /** Name of each class, by its number. */
    labels: Labels.default([]),
    defaults: Defaults.prefault({}),
    face: FaceCrop.prefault({}),
    batching: Batching.optional(),
    caption: Caption.prefault({}),
  })
  .superRefine((manifest, context) => {
    for (const { path, message } of contradictions(manifest)) context.addIssue({ code: 'custom', path: [path], message });
  })
  .transform(({ defaults, ...manifest }) => {
    const minScore = defaults.minScore ?? (manifest.decoder === 'classification' ? 0 : usualMinScore);
    return { ...manifest, defaults: { ...defaults, minScore } };
  });
export type ModelManifestFile = z.infer<typeof ModelManifestFile>;

/** A manifest whose labels were read. */
export type ModelManifest = Omit<ModelManifestFile, 'labels'> & { readonly labels: readonly string[] };

/** Roles that a format's files must have, each once. */
const rolesOfFormat: Readonly<Record<ModelFormat, readonly FileRole[]>> = {
  onnx: ['model'],
  'tfjs-graph-model': ['model', 'data'],
  tensorflow: ['model'],
  'paddle-ocr': ['detection', 'recognition', 'dictionary'],
  transformers: [],
  'blip-onnx': ['vision', 'text_decoder', 'tokenizer'],
  identity: [],
};

/** What a model of several parts is good for; the others' kind is that of their decoder. */
const kindOfFormat: Readonly<Partial<Record<ModelFormat, ModelKind>>> = {
  'paddle-ocr': 'text_reader',
  transformers: 'captioner',
  'blip-onnx': 'captioner',
};

const kindOfDecoder: Readonly<Record<(typeof otherDecoders)[number], ModelKind>> = {
  blazeface: 'face_detector',
  scrfd: 'face_detector',
  faceres: 'face_descriptor',
  arcface: 'face_descriptor',
  facemesh: 'face_mesh',
  classification: 'classifier',
  embedding: 'embedder',
  none: 'tensors',
};

/** What the model is good for. */
export function kindOf({ format, decoder }: Pick<ModelManifest, 'format' | 'decoder'>): ModelKind {
  return kindOfFormat[format] ?? (isDetectorDecoder(decoder) ? 'detector' : kindOfDecoder[decoder]);
}

/** Whether models of a format are one graph of tensors in and tensors out. */
export function takesTensors(format: ModelFormat): boolean {
  return kindOfFormat[format] === undefined;
}

/** Whether models of a format run on an execution provider of onnxruntime. */
export function needsProvider(format: ModelFormat): boolean {
  return format !== 'identity' && format !== 'tensorflow';
}

export function isDetectorDecoder(decoder: DecoderName): decoder is DetectorDecoderName {
  return (detectorDecoderNames as readonly string[]).includes(decoder);
}

/** What the file at `index` is for. */
export function roleOf(files: readonly Pick<ModelFile, 'role'>[], index: number): FileRole {
  return files[index]?.role ?? (index === 0 ? 'model' : 'data');
}

/** How pictures go into the model. @throws Error for a model that takes none, which the manifest's schema rules out for decoders */
export function requireInput({ name, input }: Pick<ModelManifest, 'name' | 'input'>): PictureInput {
  if (!input) throw new Error(`model "${name}" takes no pictures`);
  return input;
}

/** Rules over several fields. */
function contradictions(
  manifest: Pick<ModelManifestFile, 'format' | 'files' | 'input' | 'decoder' | 'labels'>,
): { path: keyof ModelManifestFile; message: string }[] {
  const { format, files, input, decoder, labels } = manifest;
  const found: { path: keyof ModelManifestFile; message: string }[] = [];
  for (const role of rolesOfFormat[format]) {
    if (!files.some((_, index) => roleOf(files, index) === role)) {
      found.push({ path: 'files', message: `format "${format}" needs a file of role "${role}"` });
    }
  }
  if (format === 'identity' && files.length > 0) found.push({ path: 'files', message: 'format "identity" has none' });
  if (new Set(files.map(({ path }) => path)).size < files.length) found.push({ path: 'files', message: 'a path is given twice' });
  const readsTensors = takesTensors(format) && format !== 'identity';
  if (decoder !== 'none' && !readsTensors) found.push({ path: 'decoder', message: `format "${format}" has none` });
  if (decoder !== 'none' && !input) found.push({ path: 'input', message: `decoder "${decoder}" needs it` });
  const needsLabels = isDetectorDecoder(decoder) || decoder === 'classification';
  if (needsLabels && Array.isArray(labels) && labels.length === 0) {
    found.push({ path: 'labels', message: `decoder "${decoder}" needs at least one` });
  }
  if (input?.deviation.includes(0)) found.push({ path: 'input', message: 'deviation must not be 0' });
  const normalises = input !== undefined && (input.mean.some((value) => value !== 0) || input.deviation.some((value) => value !== 1));
  if (format === 'onnx' && input?.dtype === 'uint8' && normalises) {
    found.push({ path: 'input', message: 'mean and deviation do not go with dtype "uint8"' });
  }
  return found;
}
