import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adapterCapacity, type AdapterCapacity } from '@nightjar/contracts';
import { iou, xyxyFromLtwh } from '@nightjar/geometry';
import { Bus, InferenceDispatcher, type InferenceCall } from '@nightjar/messaging';
import { createLogger, systemClock } from '@nightjar/runtime';
import { samplePictures, startTestBus, until, type TestBus } from '@nightjar/testing';
import { EnginePool } from './engine/engine-pool.js';
import { subscribe, type Subscriptions } from './subscriptions.js';

const logger = createLogger({ service: 'test', level: 'silent' });

const boxOf = ([left, top, width, height]: readonly [number, number, number, number]) => xyxyFromLtwh({ left, top, width, height });

describe('inference work from the bus', () => {
  let modelCacheDir: string;
  let photo: Buffer;
  let testBus: TestBus;
  let agentBus: Bus;
  let adapterBus: Bus;
  let dispatcher: InferenceDispatcher;
  let pool: EnginePool;
  let subscriptions: Subscriptions;
  const capacities: AdapterCapacity[] = [];

  const infer = (overrides: Partial<InferenceCall> = {}) =>
    dispatcher.infer({ capability: 'person_detection', lane: 'live', source: 'camera_0', picture: photo, timeoutMs: 60_000, ...overrides });

  beforeAll(async () => {
    modelCacheDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-models-'));
    photo = await readFile(samplePictures[0]!);
    testBus = await startTestBus();
    agentBus = Bus.open({ url: testBus.url, name: 'agent', logger });
    adapterBus = Bus.open({ url: testBus.url, name: 'adapter', logger });
    await Promise.all([agentBus, adapterBus].map((bus) => bus.ready(AbortSignal.timeout(60_000))));
    agentBus.on(adapterCapacity, (capacity) => void capacities.push(capacity));
    dispatcher = new InferenceDispatcher(agentBus, systemClock);
    pool = new EnginePool({
      entry: new URL('../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir, preload: ['nanodet'], logLevel: 'silent' },
      queueCapacity: 16,
      hangMs: 60_000,
      startTimeoutMs: 120_000,
      clock: systemClock,
      logger,
    });
    await pool.start(AbortSignal.timeout(150_000));
    subscriptions = subscribe({ bus: adapterBus, pool, adapterId: 'adapter-1', clock: systemClock, logger });
  });
  afterAll(async () => {
    await subscriptions.stop();
    await Promise.all([agentBus.close(), adapterBus.close()]);
    await pool.stop(AbortSignal.timeout(5_000));
    await testBus.stop();
    await rm(modelCacheDir, { recursive: true, force: true });
  });

  it('answers with the persons on the picture', async () => {
    const { detections, picture, model, latency_ms: latencyMs } = await infer();
    expect(detections.length).toBeGreaterThanOrEqual(2);
    expect(detections.length).toBeLessThanOrEqual(4);
    expect(detections.every(({ label, confidence }) => label === 'person' && confidence >= 0.45)).toBe(true);
    expect(picture).toEqual({ w: 1920, h: 1280 });
    expect(model.name).toBe('nanodet');
    expect(latencyMs).toBeGreaterThan(0);
  });

  it('gives weaker detections to a caller that asks for them', async () => {
    const weak = await infer({ minConfidence: 0.2 });
    expect(weak.detections.length).toBeGreaterThan((await infer()).detections.length);
  });

  it('looks at parts of the picture alone, in the pixels of the whole, and says on which part it saw what', async () => {
    const whole = await infer();
    expect(whole.model_input).toEqual({ w: 416, h: 416 });
    expect(whole.detections.some(({ region }) => region !== undefined)).toBe(false);
    const regions = whole.detections.map(({ bbox: [left, top, width, height] }): [number, number, number, number] => [
      left - width / 4,
      top - height / 4,
      width * 1.5,
      height * 1.5,
    ]);
    const parts = await infer({ regions });
    expect(parts.picture).toEqual(whole.picture);
    for (const [index, { bbox: seen }] of whole.detections.entries()) {
      const overlaps = parts.detections.filter(({ region }) => region === index).map(({ bbox }) => iou(boxOf(seen), boxOf(bbox)));
      expect(Math.max(...overlaps)).toBeGreaterThan(0.5);
    }
    await expect(infer({ regions: [[5_000, 10, 50, 50]] })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('does what else the bus can ask for: objects, faces that can be known again, text, a caption', async () => {
    const objects = await infer({ capability: 'object_detection', labels: ['person', 'tie'] });
    expect(objects.detections.length).toBeGreaterThanOrEqual(2);
    const { faces, descriptor_model: model } = await infer({ capability: 'face_detection', withDescriptors: true });
    expect(faces!.length).toBeGreaterThanOrEqual(2);
    for (const { landmarks, descriptor } of faces!) {
      expect(landmarks).toHaveLength(5);
      expect(Math.hypot(...descriptor!)).toBeCloseTo(1, 2);
    }
    expect(model).toMatchObject({ name: 'faceres', threshold: 0.62 });
    expect((await infer({ capability: 'text_recognition' })).lines).toEqual(expect.any(Array));
    expect((await infer({ capability: 'scene_description' })).caption).toMatchObject({ source: 'template' });
  });

  it('serves both lanes and several sources at a time', async () => {
    const calls = [0, 1, 2, 3, 4, 5].map((index) => infer({ lane: index % 2 === 0 ? 'live' : 'batch', source: `camera_${index}` }));
    for (const { detections } of await Promise.all(calls)) expect(detections.length).toBeGreaterThanOrEqual(2);
  });

  it('tells the caller what is wrong with a picture', async () => {
    await expect(infer({ picture: Buffer.from('text') })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('not a JPEG'),
    });
    await expect(infer({ picture: photo.subarray(0, 50_000) })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('answers after its engine process was killed in the middle', async () => {
    const [pid] = pool.pids;
    process.kill(pid!, 'SIGSTOP');
    const answer = infer();
    await until(() => pool.status.busy === 1);
    process.kill(pid!, 'SIGKILL');
    expect((await answer).detections.length).toBeGreaterThanOrEqual(2);
  });

  it('tells its capacity', async () => {
    await until(() => capacities.length > 0);
    expect(capacities[0]).toMatchObject({ adapter_id: 'adapter-1', slots_total: 1, healthy: true, queued: expect.any(Number) });
    expect(capacities[0]!.capabilities).toContain('person_detection');
  });

  it('leaves work to others once it stops', async () => {
    await subscriptions.stop();
    await expect(infer({ timeoutMs: 500 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });
});
