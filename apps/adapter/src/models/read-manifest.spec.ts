import { describe, expect, it } from '@jest/globals';
import { kindOf } from './model-manifest.js';
import { readManifest } from './read-manifest.js';

const detector = {
  name: 'yolo11n',
  format: 'onnx',
  files: [{ path: 'yolo11n.onnx' }],
  input: { widthPixels: 640, heightPixels: 640, deviation: [255, 255, 255], fit: 'letterbox' },
  decoder: 'yolov8',
  labels: { preset: 'coco80' },
};

const read = (manifest: unknown, labelsFile = '') => readManifest(JSON.stringify(manifest), () => Promise.resolve(labelsFile));

describe('a model’s manifest', () => {
  it('needs little: the rest is the usual', async () => {
    const manifest = await read(detector);
    expect(manifest).toMatchObject({
      version: '1',
      input: { layout: 'nchw', dtype: 'float32', channelOrder: 'rgb', mean: [0, 0, 0], fit: 'letterbox', fill: 114, align: 'centre' },
      defaults: { minScore: 0.4, maxIou: 0.5, maxIouAcrossClasses: 0.85 },
    });
    expect(manifest.labels).toHaveLength(80);
    expect(kindOf(manifest)).toBe('detector');
  });

  it('gives labels itself, by a preset, or in a file of one a line', async () => {
    expect((await read({ ...detector, labels: ['cat', 'dog'] })).labels).toEqual(['cat', 'dog']);
    expect((await read({ ...detector, labels: { file: 'labels.txt' } }, 'cat\r\nguide dog\n\n')).labels).toEqual(['cat', 'guide dog']);
    await expect(read({ ...detector, labels: { file: 'labels.txt' } }, 'cat\n\ndog')).rejects.toThrow('labels.txt must hold');
    await expect(read({ ...detector, labels: { preset: 'imagenet' } })).rejects.toThrow('labels: must be a list of names');
  });

  it.each([
    ['face_detector', { ...detector, decoder: 'scrfd', labels: [] }],
    ['face_descriptor', { ...detector, decoder: 'arcface', labels: [] }],
    ['classifier', { ...detector, decoder: 'classification', labels: ['cat'] }],
    ['embedder', { ...detector, decoder: 'embedding', labels: [] }],
    ['tensors', { name: 'any', format: 'onnx', files: [{ path: 'any.onnx' }] }],
    ['captioner', { name: 'florence', format: 'transformers' }],
    [
      'text_reader',
      {
        name: 'ocr',
        format: 'paddle-ocr',
        files: [
          { path: 'det.onnx', role: 'detection' },
          { path: 'rec.onnx', role: 'recognition' },
          { path: 'keys.txt', role: 'dictionary' },
        ],
      },
    ],
  ])('says what the model is good for: %s', async (kind, manifest) => {
    expect(kindOf(await read(manifest))).toBe(kind);
  });

  it('of a classifier leaves out nothing unless it says so', async () => {
    const classifier = { ...detector, decoder: 'classification', labels: ['cat'] };
    expect((await read(classifier)).defaults.minScore).toBe(0);
    expect((await read({ ...classifier, defaults: { minScore: 0.2 } })).defaults.minScore).toBe(0.2);
  });

  it.each([
    ['name: must be 1 to 64 characters', { ...detector, name: '../etc' }],
    ['name: must be 1 to 64 characters', { ...detector, name: 'yolo@2' }],
    ['version: must be', { ...detector, version: '..' }],
    ['Unrecognized key: "lables"', { ...detector, lables: [] }],
    ['input: Unrecognized key: "width"', { ...detector, input: { ...detector.input, width: 640 } }],
    ['input.widthPixels', { ...detector, input: { ...detector.input, widthPixels: 0 } }],
    ['input.dtype', { ...detector, input: { ...detector.input, dtype: 'float64' } }],
    ['decoder', { ...detector, decoder: 'yolov99' }],
    ['files: format "onnx" needs a file of role "model"', { ...detector, files: [] }],
    ['files.0.sha256: must be 64 hexadecimal digits', { ...detector, files: [{ path: 'a.onnx', sha256: 'abc' }] }],
    ['files: a path is given twice', { ...detector, files: [{ path: 'a.onnx' }, { path: 'a.onnx' }] }],
    ['input: decoder "yolov8" needs it', { ...detector, input: undefined }],
    ['labels: decoder "yolov8" needs at least one', { ...detector, labels: [] }],
    ['input: deviation must not be 0', { ...detector, input: { ...detector.input, deviation: [0, 1, 1] } }],
    ['do not go with dtype "uint8"', { ...detector, input: { ...detector.input, dtype: 'uint8' } }],
    ['decoder: format "transformers" has none', { ...detector, format: 'transformers' }],
    ['needs a file of role "dictionary"', { name: 'ocr', format: 'paddle-ocr', files: [{ path: 'det.onnx', role: 'detection' }] }],
    ['batching.maxSize', { ...detector, batching: { maxSize: 1000 } }],
  ])('is refused with the field that is wrong: %s', async (message, manifest) => {
    await expect(read(manifest)).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(message) });
  });

  it('that is no JSON, or no object, is refused without repeating it', async () => {
    await expect(readManifest('{"secret":', () => Promise.resolve(''))).rejects.toThrow(/^model\.json is no JSON$/);
    for (const value of [null, [], 'text', 1]) await expect(read(value)).rejects.toMatchObject({ code: 'invalid_argument' });
    const hostile = `{"__proto__": {"polluted": true}, ${JSON.stringify(detector).slice(1)}`;
    await expect(readManifest(hostile, () => Promise.resolve(''))).rejects.toThrow('__proto__');
    expect('polluted' in {}).toBe(false);
  });
});
