import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { runWork } from '../engine-tasks/run-work.js';
import type { EngineStep, EngineTasks } from '../engine/engine-tasks.js';
import { openDroppedModels, type DroppedModels } from './dropped-models.fixture.js';
import { OnnxGraph } from './tfjs-to-onnx/onnx-graph.js';
import { ProtobufWriter } from './tfjs-to-onnx/protobuf-writer.js';
import { tinyArithmetic, tinyClassifier, tinyExternal, tinyHalfEmbedder, tinyYolov8 } from './tiny-models.fixture.js';

const sidePixels = 128;
const detector = {
  format: 'onnx',
  files: [{ path: 'model.onnx' }],
  input: { widthPixels: sidePixels, heightPixels: sidePixels, deviation: [255, 255, 255], fit: 'letterbox' },
  decoder: 'yolov8',
  labels: ['red', 'other'],
};
const yolo = (options: Partial<Parameters<typeof tinyYolov8>[0]> = {}) => tinyYolov8({ sidePixels, classes: 2, ...options });

describe('a model of an operator', () => {
  let models: DroppedModels;
  let named = 0;
  beforeAll(async () => (models = await openDroppedModels()));
  afterAll(() => models.remove());

  /** Drops a model under a new name. */
  const drop = async (manifest: Record<string, unknown>, files: Record<string, Uint8Array | string>) => {
    const name = `model-${named++}`;
    await models.drop({ name, ...manifest }, files);
    return name;
  };
  const load = async (manifest: Record<string, unknown>, files: Record<string, Uint8Array | string>) =>
    models.store.load(await drop(manifest, files));
  const refusal = async (manifest: Record<string, unknown>, files: Record<string, Uint8Array | string>): Promise<string> => {
    try {
      await load(manifest, files);
    } catch (error) {
      expect(error).toMatchObject({ code: 'model_error' });
      const { message } = error as Error;
      // No path of the machine in what callers may read.
      expect(message).not.toContain(models.folder);
      return message;
    }
    throw new Error('the model was loaded');
  };
  const perform = async <Step extends EngineStep>(step: Step, picture: Uint8Array) => {
    const { result } = await runWork({ steps: [step], pictures: [picture] }, models.store);
    const [outcome] = result.steps;
    if (!outcome?.ok) throw new Error(`${outcome?.code}: ${outcome?.message}`);
    return outcome;
  };

  /** Black, with a red block. */
  const pictureWith = (red: { left: number; top: number; width: number; height: number }, size: { width: number; height: number }) =>
    sharp({ create: { ...size, channels: 3, background: '#000000' } })
      .composite([
        { input: { create: { width: red.width, height: red.height, channels: 3, background: '#ff0000' } }, left: red.left, top: red.top },
      ])
      .png()
      .toBuffer();

  it('detects in pictures of any shape, with boxes in their pixels, letterboxed or stretched', async () => {
    // Cells are a quarter of the input's side: 100 pixels here, under a border of 50 at the top and at the bottom.
    const picture = await pictureWith({ left: 100, top: 50, width: 100, height: 100 }, { width: 400, height: 300 });
    const letterboxed = await drop(detector, { 'model.onnx': yolo() });
    const found = await perform({ task: 'detect_objects', options: { model: letterboxed } }, picture);
    expect(found).toMatchObject({
      result: {
        picture: { width: 400, height: 300 },
        objects: [{ label: 'red', classId: 0, score: expect.closeTo(1, 1), box: { x1: 100, y1: 50, x2: 200, y2: 150 } }],
      },
      models: [{ name: letterboxed, version: '1', precision: 'fp32', device: 'cpu' }],
    });
    const stretched = await drop({ ...detector, input: { ...detector.input, fit: 'stretch' } }, { 'model.onnx': yolo() });
    const tall = await pictureWith({ left: 100, top: 75, width: 100, height: 75 }, { width: 400, height: 300 });
    expect(await perform({ task: 'detect_objects', options: { model: stretched } }, tall)).toMatchObject({
      result: { objects: [{ box: { x1: 100, y1: 75, x2: 200, y2: 150 } }] },
    });
  });

  it('classifies, with the labels and the activation of its manifest', async () => {
    const classifier = {
      ...detector,
      decoder: 'classification',
      labels: ['red', 'green', 'blue'],
      input: { ...detector.input, fit: 'stretch' },
    };
    const name = await drop(classifier, { 'model.onnx': tinyClassifier({ sidePixels }) });
    const red = await pictureWith({ left: 0, top: 0, width: 64, height: 64 }, { width: 64, height: 64 });
    expect(await perform({ task: 'classify_image', options: { model: name, top: 2 } }, red)).toMatchObject({
      result: { predictions: [{ label: 'red', classId: 0, score: expect.closeTo(0.9999, 3) }, { score: expect.closeTo(0, 3) }] },
    });
  });

  it('of several outputs is read at the one that its manifest names', async () => {
    const classifier = { ...detector, decoder: 'classification', labels: ['red', 'green', 'blue'] };
    const bytes = { 'model.onnx': tinyClassifier({ sidePixels, outputName: 'what', furtherOutput: 'mean' }) };
    expect(await refusal(classifier, bytes)).toMatch(/has no output for classes; it has "what" \[1, 3\], "mean"/);
    const name = await drop({ ...classifier, decoding: { outputNames: { classes: 'what' } } }, bytes);
    const red = await pictureWith({ left: 0, top: 0, width: 64, height: 64 }, { width: 64, height: 64 });
    expect(await perform({ task: 'classify_image', options: { model: name, top: 1 } }, red)).toMatchObject({
      result: { predictions: [{ label: 'red' }] },
    });
  });

  it('takes and gives 16-bit floats, pixel by pixel', async () => {
    const input = { ...detector.input, dtype: 'float16', layout: 'nhwc', fit: 'stretch' };
    const embedder = { ...detector, decoder: 'embedding', decoding: { normalise: false }, labels: [], input };
    const name = await drop(embedder, { 'model.onnx': tinyHalfEmbedder({ sidePixels }) });
    const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#4080ff' } })
      .png()
      .toBuffer();
    const { result } = await perform({ task: 'embed_image', options: { model: name } }, picture);
    const { embedding } = result as EngineTasks['embed_image']['result'];
    for (const [index, byte] of [0x40, 0x80, 0xff].entries()) expect(embedding[index]).toBeCloseTo(byte / 255, 2);
  });

  it('whose file is cut off, empty, or something else is refused, at whatever byte it ends', async () => {
    const whole = yolo();
    for (const length of [0, 1, 100, whole.length >> 1, whole.length - 1]) {
      expect(await refusal(detector, { 'model.onnx': whole.subarray(0, length) })).toMatch(/model\.onnx (is no ONNX model|: )/);
    }
    expect(await refusal(detector, { 'model.onnx': '<html>not found</html>' })).toContain('is no ONNX model');
  });

  it('with wrong tensor names, types or shapes is refused with what it has and what was expected', async () => {
    const named = { ...detector, input: { ...detector.input, name: 'pixels' } };
    expect(await refusal(named, { 'model.onnx': yolo() })).toMatch(
      /wrong inputs: it has "images" float32 \[any, 3, 128, 128\], its manifest means "pixels" float32 \[any, 3, 128, 128\]/,
    );
    const size = { ...detector, input: { ...detector.input, widthPixels: 640, heightPixels: 640 } };
    expect(await refusal(size, { 'model.onnx': yolo() })).toContain('[any, 3, 640, 640]');
    expect(await refusal({ ...detector, input: { ...detector.input, layout: 'nhwc' } }, { 'model.onnx': yolo() })).toContain(
      'wrong inputs',
    );
    expect(await refusal({ ...detector, input: { ...detector.input, dtype: 'float16' } }, { 'model.onnx': yolo() })).toContain('float16');
    const outputs = { ...detector, decoding: { outputNames: { predictions: 'detections' } } };
    expect(await refusal(outputs, { 'model.onnx': yolo() })).toMatch(/it has "output0" \[1, 6, 336\], expected "detections"/);
    expect(await refusal({ ...detector, labels: ['red'] }, { 'model.onnx': yolo() })).toMatch(/shape \[1, 6, 336\], expected \[1, 5, N\]/);
    expect(await refusal({ ...detector, decoder: 'rtdetr' }, { 'model.onnx': yolo() })).toContain('shape');
  });

  it('with broken weights is refused, when it is loaded or when it meets the picture that shows it', async () => {
    expect(await refusal(detector, { 'model.onnx': yolo({ gain: Number.NaN }) })).toMatch(/not a number/);
    expect(await refusal(detector, { 'model.onnx': yolo({ gain: 300 }) })).toMatch(/score .*; probabilities \(0\.\.1\) were expected/);
  });

  it('that was refused shows why, is not tried again, and serves once it is mended, while others serve all along', async () => {
    const good = await drop(detector, { 'model.onnx': yolo() });
    const name = await drop(detector, { 'model.onnx': yolo({ gain: Number.NaN }) });
    expect(models.problemOf(name)).toBeUndefined();
    await expect(models.store.load(name)).rejects.toThrow('not a number');
    expect(models.problemOf(name)).toContain('not a number');
    expect(models.store.has('detector', name)).toBe(false);
    const again = models.store.load(name).catch((error: unknown) => error);
    expect(await again).toBe(await models.store.load(name).catch((error: unknown) => error));
    await models.store.load(good);
    expect(models.problemOf(good)).toBeUndefined();
    await models.drop({ name, ...detector }, { 'model.onnx': yolo() });
    await models.store.load(name);
    expect(models.problemOf(name)).toBeUndefined();
  });

  it('that names an operator nobody has, or one that runs code, is refused', async () => {
    const graph = new OnnxGraph();
    graph.addInput('x', 'float32', [1, 3]);
    graph.addOutput('y', graph.addNode({ op: 'Exfiltrate', inputs: ['x'] })[0]!, { elementType: 'float32', dimensions: [1, 3] });
    const raw = { format: 'onnx', files: [{ path: 'model.onnx' }] };
    expect(await refusal(raw, { 'model.onnx': graph.encode('g') })).toContain('Exfiltrate');
    const node = new ProtobufWriter().text(4, 'EPContext').text(7, 'com.microsoft').text(2, 'y');
    const code = new ProtobufWriter().integer(1, 8).message(7, new ProtobufWriter().message(1, node)).finish();
    expect(await refusal(raw, { 'model.onnx': code })).toContain('uses the operator com.microsoft:EPContext');
  });

  it('may keep weights in files that its manifest names, and in no others', async () => {
    const raw = { format: 'onnx', files: [{ path: 'model.onnx' }, { path: 'weights.bin' }] };
    const weights = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
    const loaded = await load(raw, { 'model.onnx': tinyExternal('weights.bin'), 'weights.bin': weights });
    const { session } = loaded;
    if (session.type !== 'tensors') throw new Error('no tensors');
    const outputs = await session.run(new Map([['x', { type: 'float32', dims: [1, 3], data: Float32Array.of(10, 10, 10) }]]));
    expect([...(outputs.get('y')!.data as Float32Array)]).toEqual([11, 12, 13]);

    await writeFile(path.join(models.folder, '..', 'outside.bin'), weights);
    for (const location of ['../outside.bin', '../../outside.bin', '/etc/hostname', 'other.bin', '../model-0/model.onnx']) {
      const files = { 'model.onnx': tinyExternal(location), 'weights.bin': weights };
      expect(await refusal(raw, files)).toContain(`keeps weights in "${location}", which its manifest does not name`);
    }
  });

  it('that changes on disk is another model: it is loaded anew, and its fingerprint tells', async () => {
    const name = await drop({ ...detector, version: '1' }, { 'model.onnx': yolo() });
    const first = await models.store.load(name);
    await models.drop({ name, ...detector, version: '1' }, { 'model.onnx': yolo({ gain: 0.5 }) });
    const second = await models.store.load(name);
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(second.fingerprint).toBe(models.store.states().find((state) => state.name === name)?.fingerprint);
  });

  it('whose manifest changes is loaded anew, and one that stayed as it was is not', async () => {
    const name = await drop({ ...detector, version: '1' }, { 'model.onnx': yolo() });
    const first = await models.store.load(name);
    await models.store.verifyAll();
    expect(await models.store.load(name)).toBe(first);
    await models.drop({ name, ...detector, labels: ['blue', 'other'], version: '1' }, { 'model.onnx': yolo() });
    const second = await models.store.load(name);
    expect([second.fingerprint, second.manifest.labels]).toEqual([first.fingerprint, ['blue', 'other']]);
  });

  it('takes tensors as they are, whatever it is for, and refuses sizes that lie', async () => {
    const name = await drop({ format: 'onnx', files: [{ path: 'model.onnx' }] }, { 'model.onnx': tinyArithmetic() });
    const x = { name: 'x', type: 'float32', dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
    const run = async (options: object) => {
      const step = { task: 'run_tensors', options: { model: name, inputs: [x], ...options } } as EngineStep<'run_tensors'>;
      const { result } = await runWork({ steps: [step], pictures: [] }, models.store);
      return result.steps[0]!;
    };
    expect(await run({})).toMatchObject({
      ok: true,
      result: {
        outputs: [
          { name: 'doubled', type: 'float32', dims: [3, 2], data: Float32Array.of(2, 4, 6, 8, 10, 12) },
          { name: 'negated', dims: [3, 2] },
        ],
      },
    });
    const refused: [string, object][] = [
      ['its shape [3, 3] means 9 elements, the data have 6', { inputs: [{ ...x, dims: [3, 3] }] }],
      ['its shape must be', { inputs: [{ ...x, dims: [-3, -2] }] }],
      ['its shape must be', { inputs: [{ ...x, dims: [2 ** 54, 1] }] }],
      ['the model takes "x" float32 [-1, 2]', { inputs: [{ ...x, dims: [2, 3] }] }],
      ['its data are not of type int64', { inputs: [{ ...x, type: 'int64' }] }],
      ['its data are not of type constructor', { inputs: [{ ...x, type: 'constructor' }] }],
      ['input "x" is missing', { inputs: [] }],
      ['is given twice', { inputs: [x, x] }],
      ['has no input "y"', { inputs: [x, { ...x, name: 'y' }] }],
      ['has no output "__proto__"', { outputs: ['__proto__'] }],
      ['has no version "7"', { version: '7' }],
    ];
    for (const [message, options] of refused)
      expect(await run(options)).toMatchObject({ ok: false, message: expect.stringContaining(message) });

    const yoloName = await drop(detector, { 'model.onnx': yolo() });
    const images = {
      name: 'images',
      type: 'float32',
      dims: [2, 3, sidePixels, sidePixels],
      data: new Float32Array(6 * sidePixels ** 2),
    } as const;
    expect(await run({ model: yoloName, inputs: [images], outputs: ['output0'] })).toMatchObject({
      ok: true,
      result: { outputs: [{ name: 'output0', dims: [2, 6, 336] }] },
    });
  });
});
