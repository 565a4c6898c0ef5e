import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import type { EngineTasks } from '../../engine/engine-tasks.js';
import { ConvertedModelCache } from '../../models/converted-model-cache.js';
import { ModelRepository } from '../../models/model-repository.js';
import { ModelStore } from '../../models/model-store.js';
import { requireTensors, type TensorSession } from '../../models/loaded-model.js';
import { runWork, type ModelSource } from '../run-work.js';

const logger = createLogger({ service: 'test', level: 'silent' });
/** Faces that people count on sample 1 to 6. */
const truth = [3, 3, 3, 4, 5, 4];

describe('detect_faces', () => {
  let cacheDirectory: string;
  let models: ModelStore;
  const photos: Buffer[] = [];

  const detect = async (
    picture: Uint8Array,
    options: Partial<EngineTasks['detect_faces']['options']> = {},
  ): Promise<EngineTasks['detect_faces']['result'] & { decodes: number }> => {
    const step = { task: 'detect_faces', options: { attributes: false, descriptors: 'none', ...options } } as const;
    const { result, failures } = await runWork({ steps: [step], pictures: [picture] }, models);
    const [outcome] = result.steps;
    if (!outcome?.ok) throw failures[0];
    return { ...(outcome.result as EngineTasks['detect_faces']['result']), decodes: result.decodes };
  };

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-models-'));
    const cache = new ConvertedModelCache(cacheDirectory, logger);
    models = new ModelStore({ repository: new ModelRepository(), cache, defaultModels: {}, logger });
    await models.verifyAll();
    for (const file of samplePictures) photos.push(await readFile(file));
  });
  afterAll(async () => {
    await rm(cacheDirectory, { recursive: true, force: true });
  });

  it('finds the faces on group photos, at most one less than people do, and invents none', async () => {
    for (const [index, photo] of photos.entries()) {
      const { faces, decodes } = await detect(photo);
      expect(faces.length).toBeGreaterThanOrEqual(truth[index]! - 1);
      expect(faces.length).toBeLessThanOrEqual(truth[index]!);
      expect(decodes).toBe(1);
    }
  });

  it('gives landmarks in their order inside the face, an age, and a gender where it is sure', async () => {
    const { faces, picture } = await detect(photos[0]!, { attributes: true });
    for (const { box, landmarks, age, gender } of faces) {
      const [leftEye, rightEye, nose, leftMouth, rightMouth] = landmarks!;
      expect(leftEye.x).toBeLessThan(rightEye.x);
      expect(leftMouth.x).toBeLessThan(rightMouth.x);
      expect(nose.y).toBeGreaterThan(Math.min(leftEye.y, rightEye.y));
      expect(leftMouth.y).toBeGreaterThan(nose.y);
      for (const { x, y } of landmarks!) {
        expect(x).toBeGreaterThan(box.x1 - 10);
        expect(x).toBeLessThan(box.x2 + 10);
        expect(y).toBeGreaterThan(box.y1 - 10);
        expect(y).toBeLessThan(box.y2 + 10);
      }
      expect(age).toBeGreaterThanOrEqual(0);
      expect(age).toBeLessThan(100);
      expect([undefined, 'M', 'F']).toContain(gender);
      expect(box.x2).toBeLessThanOrEqual(picture.width);
    }
    expect(faces.some(({ gender }) => gender !== undefined)).toBe(true);
  });

  it('finds small faces on the heads of persons, where the whole picture is too coarse', async () => {
    // A group photo as a quarter of a large dark picture: each face is 2 to 3 % of its width.
    const small = await sharp(photos[0]!).resize(640).toBuffer();
    const scene = await sharp({ create: { width: 1920, height: 1280, channels: 3, background: '#222' } })
      .composite([{ input: small, left: 900, top: 500 }])
      .jpeg()
      .toBuffer();
    const { faces } = await detect(scene);
    expect(faces.length).toBeGreaterThanOrEqual(2);
    for (const { box } of faces) expect(box.x1).toBeGreaterThan(880);
  });

  it('tells one person’s face from others by its descriptor, also when the photo is smaller and darker', async () => {
    const cosine = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
    const descriptors = async (photo: Uint8Array) =>
      (await detect(photo, { descriptors: 'all' })).faces.map(({ descriptor }) => descriptor!);
    const original = await detect(photos[0]!, { descriptors: 'all' });
    const changed = await sharp(photos[0]!).resize(1280).modulate({ brightness: 0.8 }).jpeg({ quality: 80 }).toBuffer();
    const again = await descriptors(changed);
    expect(original.threshold).toBe(0.62);
    expect(original.descriptorModel).toMatchObject({ name: 'faceres' });
    for (const { descriptor } of original.faces) {
      expect(descriptor).toHaveLength(1024);
      expect(cosine(descriptor!, descriptor!)).toBeCloseTo(1, 4);
      // Exactly one of the faces on the other photo is this one.
      expect(again.filter((other) => cosine(descriptor!, other) >= original.threshold!)).toHaveLength(1);
    }
  });

  it('describes only the largest face when one is asked for', async () => {
    const { faces } = await detect(photos[4]!, { descriptors: 'largest' });
    expect(faces.filter(({ descriptor }) => descriptor !== undefined)).toHaveLength(1);
  });

  it('finds no face on a picture without one', async () => {
    const blank = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#888' } })
      .jpeg()
      .toBuffer();
    const dot = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#000' } })
      .jpeg()
      .toBuffer();
    expect((await detect(blank, { attributes: true, descriptors: 'all' })).faces).toEqual([]);
    expect((await detect(dot)).faces).toEqual([]);
  });

  it('searches once for two steps that need the same faces', async () => {
    const used: string[] = [];
    const counting: ModelSource = {
      has: (kind, name) => models.has(kind, name),
      use: async (kind, name) => {
        const model = await models.use(kind, name);
        const { session } = requireTensors(model);
        const run: TensorSession['run'] = (inputs) => {
          used.push(model.manifest.name);
          return session.run(inputs);
        };
        const { type, inputs, outputs } = session;
        return { ...model, session: { type, inputs, outputs, run, release: () => Promise.resolve() } };
      },
    };
    const step = { task: 'detect_faces', options: { attributes: true, descriptors: 'none' } } as const;
    const once = await runWork({ steps: [step], pictures: [photos[0]!] }, counting);
    const runsOfOne = used.splice(0);
    const twice = await runWork({ steps: [step, step], pictures: [photos[0]!] }, counting);
    expect(used).toEqual(runsOfOne);
    expect(twice.result.decodes).toBe(1);
    expect(twice.result.steps.map((outcome) => outcome.ok && outcome.result)).toEqual(
      [once, once].map(({ result: { steps } }) => steps[0]!.ok && steps[0]!.result),
    );
  });
});
