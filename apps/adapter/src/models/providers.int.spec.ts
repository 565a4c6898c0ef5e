import { afterEach, describe, expect, it } from '@jest/globals';
import { chooseProviders } from '../backends/onnx/execution-providers.js';
import type { ExecutionProvider } from '../engine/protocol.js';
import { openDroppedModels, type DroppedModels } from './dropped-models.fixture.js';
import { tinyYolov8 } from './tiny-models.fixture.js';

const detector = {
  name: 'doors',
  format: 'onnx',
  files: [{ path: 'model.onnx' }],
  input: { widthPixels: 64, heightPixels: 64, deviation: [255, 255, 255] },
  decoder: 'yolov8',
  labels: ['red', 'other'],
};
const files = { 'model.onnx': tinyYolov8({ sidePixels: 64, classes: 2 }) };
/** What a machine with a GPU does is the subject of the GPU specs. */
const hasGpu = (await chooseProviders(['cuda', 'tensorrt'])).available.length > 0;
const sayHasGpu = () => void process.stdout.write('skipped: this machine has a GPU\n');

describe('execution providers that are not there', () => {
  let models: DroppedModels | undefined;
  afterEach(() => models?.remove());

  const open = async (...providers: ExecutionProvider[]): Promise<DroppedModels> => {
    models = await openDroppedModels({ providers });
    await models.drop(detector, files);
    return models;
  };

  it('are told with the reason, and the CPU is used where it is named after them', async () => {
    if (hasGpu) return sayHasGpu();
    const { store } = await open('tensorrt', 'cuda', 'cpu');
    expect(store.missingProviders).toEqual([
      { provider: 'tensorrt', reason: expect.stringContaining('is not installed') },
      { provider: 'cuda', reason: expect.stringContaining('is not installed') },
    ]);
    expect((await store.load('doors')).device).toBe('cpu');
    expect(store.states()).toMatchObject([{ name: 'doors', device: 'cpu', problem: undefined }]);
  });

  it('are never replaced by the CPU where it is not named', async () => {
    if (hasGpu) return sayHasGpu();
    const { store } = await open('cuda');
    expect(store.states()).toMatchObject([{ device: 'none', loaded: false, problem: expect.stringContaining('cuda: its library') }]);
    await expect(store.load('doors')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('cuda: its library') });
  });

  it('are tried again where a GPU was full, and only there', async () => {
    let isFull = true;
    const choose: typeof chooseProviders = async (wanted) =>
      isFull
        ? { available: [], missing: wanted.map((provider) => ({ provider, reason: 'the GPU has not enough memory left' })) }
        : chooseProviders(wanted);
    models = await openDroppedModels({ providers: ['cpu'], choose });
    await models.drop(detector, files);
    const { store } = models;
    expect(store.states()).toMatchObject([{ problem: expect.stringContaining('not enough memory left') }]);
    await expect(store.retryProviders()).resolves.toBe(false);
    isFull = false;
    await expect(store.retryProviders()).resolves.toBe(true);
    expect(store.missingProviders).toEqual([]);
    expect((await store.load('doors')).device).toBe('cpu');
    await expect(store.retryProviders()).resolves.toBe(false);
  });
});
