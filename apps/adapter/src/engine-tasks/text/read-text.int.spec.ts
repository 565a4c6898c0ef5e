import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import type { DetectedObject, EngineTasks } from '../../engine/engine-tasks.js';
import { ConvertedModelCache } from '../../models/converted-model-cache.js';
import { ModelRepository } from '../../models/model-repository.js';
import { ModelStore } from '../../models/model-store.js';
import { describeFailure, runWork, type ModelSource } from '../run-work.js';
import { drawnText, sceneOf } from './drawn-text.fixture.js';

const logger = createLogger({ service: 'test', level: 'silent' });

describe('reading text', () => {
  let cacheDirectory: string;
  let models: ModelStore;

  const read = async (picture: Uint8Array, options: EngineTasks['read_text']['options'] = {}) => {
    const { result, failures } = await runWork({ steps: [{ task: 'read_text', options }], pictures: [picture] }, models);
    const [outcome] = result.steps;
    if (!outcome?.ok) throw failures[0];
    return { ...(outcome.result as EngineTasks['read_text']['result']), models: outcome.models, decodes: result.decodes };
  };

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-models-'));
    const cache = new ConvertedModelCache(cacheDirectory, logger);
    models = new ModelStore({ repository: new ModelRepository(), cache, defaultModels: {}, logger });
    await models.verifyAll();
  });
  afterAll(async () => {
    await models.unload('pp-ocr-v4');
    await rm(cacheDirectory, { recursive: true, force: true });
  });

  it('reads lines from top to bottom and says where they are', async () => {
    const scene = await sceneOf({ width: 1280, height: 720 }, [
      { picture: await drawnText('GATE 42'), left: 700, top: 500 },
      { picture: await drawnText('NO PARKING'), left: 100, top: 100 },
    ]);
    const { lines, picture, models: used, decodes } = await read(scene);
    expect(lines.map(({ text }) => text.replaceAll(' ', ''))).toEqual(['NOPARKING', 'GATE42']);
    for (const { confidence } of lines) expect(confidence).toBeGreaterThan(0.7);
    const [parking, gate] = lines;
    expect(parking!.box.x1).toBeGreaterThan(90);
    expect(parking!.box.y2).toBeLessThan(220);
    expect(gate!.box.x1).toBeGreaterThan(690);
    expect(gate!.polygon).toHaveLength(4);
    expect(picture).toEqual({ width: 1280, height: 720 });
    expect(used).toMatchObject([{ name: 'pp-ocr-v4' }]);
    expect(decodes).toBe(1);
  });

  it('reads a picture that is larger than it works with, in that picture’s own pixels', async () => {
    const text = { picture: await drawnText('NO PARKING', 16), left: 2600, top: 1800 };
    const { lines } = await read(await sceneOf({ width: 3840, height: 2160 }, [text]));
    expect(lines.map(({ text: line }) => line.replaceAll(' ', ''))).toEqual(['NOPARKING']);
    expect(lines[0]!.box.x1).toBeGreaterThan(2550);
    expect(lines[0]!.box.x2).toBeLessThan(3840);
  });

  it('finds nothing where there is no text, also on one pixel', async () => {
    expect((await read(await sceneOf({ width: 640, height: 360 }, []))).lines).toEqual([]);
    expect((await read(await sceneOf({ width: 1, height: 1 }, []))).lines).toEqual([]);
  });

  it('leaves out lines that are weaker than the caller wants', async () => {
    const scene = await sceneOf({ width: 800, height: 300 }, [{ picture: await drawnText('GATE 42'), left: 100, top: 100 }]);
    expect((await read(scene, { minConfidence: 1 })).lines).toEqual([]);
  });

  describe('of number plates', () => {
    /** The real reader, and a detector that sees one car where the spec drew a plate. */
    const withCar = (car: DetectedObject['box']): ModelSource => ({
      has: (kind, name) => models.has(kind, name),
      use: async (kind, name) => {
        if (kind !== 'detector') return models.use(kind, name);
        const model = await models.use('detector', 'nanodet');
        const carCell = cellOf(car);
        return { ...model, session: { ...model.session, ...carCell } as typeof model.session };
      },
    });

    const plates = async (picture: Uint8Array, source: ModelSource, minConfidence?: number) => {
      const { result } = await runWork({ steps: [{ task: 'read_plates', options: { minConfidence } }], pictures: [picture] }, source);
      const [outcome] = result.steps;
      if (!outcome?.ok) throw new Error(describeFailure(outcome).message);
      return (outcome.result as EngineTasks['read_plates']['result']).plates;
    };

    it('reads what looks like a plate inside a vehicle, and not what stands beside it', async () => {
      const scene = await sceneOf({ width: 832, height: 832 }, [
        { picture: await drawnText('BA 2547', 5), left: 300, top: 450 },
        { picture: await drawnText('NO PARKING', 5), left: 250, top: 300 },
        { picture: await drawnText('GATE 42', 5), left: 20, top: 20 },
      ]);
      const car = { x1: 208, y1: 208, x2: 624, y2: 624 };
      const found = await plates(scene, withCar(car));
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ text: 'BA2547', accepted: true });
      expect(found[0]!.box.x1).toBeGreaterThan(280);
      expect(found[0]!.vehicle.label).toBe('car');
      const [unsure] = await plates(scene, withCar(car), 1);
      expect(unsure).toMatchObject({ text: 'BA2547', accepted: false });
    });

    it('reads no plate on a photo without vehicles', async () => {
      expect(await plates(await readFile(samplePictures[0]!), models)).toEqual([]);
    });
  });
});

/** Outputs of NanoDet that say: one car, with these corners on an input of 416 × 416 made from 832 × 832 pixels. */
function cellOf(car: DetectedObject['box']): { run: () => Promise<Map<string, object>> } {
  const stride = 32;
  const carClass = 2;
  const floats = (count: number) => new Float32Array(count);
  const cells = { Identity: 2704, Identity_1: 676, Identity_2: 169 };
  const outputs = new Map<string, { type: string; dims: number[]; data: Float32Array }>();
  for (const [index, [name, count]] of Object.entries(cells).entries()) {
    outputs.set(name, { type: 'float32', dims: [1, count, 80], data: floats(count * 80) });
    outputs.set(`Identity_${index + 3}`, { type: 'float32', dims: [1, count, 44], data: floats(count * 44) });
  }
  const column = 6;
  const cell = column * 13 + column;
  outputs.get('Identity_2')!.data[cell * 80 + carClass] = 0.9;
  const centre = (column + 0.5) * stride;
  const distances = [centre - car.x1 / 2, centre - car.y1 / 2, car.x2 / 2 - centre, car.y2 / 2 - centre].map((pixels) => pixels / stride);
  for (const [side, distance] of distances.entries()) {
    // Between two bins by their weights: the mean of the distribution is the distance.
    const lower = Math.floor(distance);
    const logits = outputs.get('Identity_5')!.data;
    for (let bin = 0; bin < 11; bin++) logits[(cell * 4 + side) * 11 + bin] = -50;
    logits[(cell * 4 + side) * 11 + lower] = Math.log(Math.max(1e-9, 1 - (distance - lower)));
    logits[(cell * 4 + side) * 11 + lower + 1] = Math.log(Math.max(1e-9, distance - lower));
  }
  return { run: () => Promise.resolve(outputs) };
}
