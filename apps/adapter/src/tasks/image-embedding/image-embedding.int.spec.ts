import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { dropModelsAndTasks, type DroppedFolders } from '../dropped-folders.fixture.js';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

describe('image_embedding', () => {
  let dropped: DroppedFolders;
  let fixture: TaskRunnerFixture;
  let red: Buffer;

  beforeAll(async () => {
    red = await sharp({ create: { width: 200, height: 100, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    dropped = await dropModelsAndTasks();
    fixture = await TaskRunnerFixture.start({ modelsDir: dropped.modelsDir });
  });
  afterAll(async () => {
    await fixture?.close();
    await dropped?.remove();
  });

  it('turns a picture into a vector whose length is told', async () => {
    const { body, task, model } = await fixture.run('image_embedding', red);
    task.output.parse(body);
    expect(body).toEqual({ embedding: [expect.closeTo(1, 3), expect.closeTo(0, 3), expect.closeTo(0, 3)], embedding_size: 3 });
    expect(model).toMatchObject({ name: 'colour-vector', fingerprint: expect.stringMatching(/^sha256:/) });
  });

  it('refuses a model that gives no vectors', async () => {
    await expect(fixture.run('image_embedding', red, { model: 'nanodet' })).rejects.toThrow('nanodet');
  });

  it('is not offered where no model folder has an embedder, and neither is image_classification', async () => {
    const bare = await TaskRunnerFixture.start();
    const names = bare.catalogue.available().map(({ name }) => name);
    expect(names).not.toContain('image_embedding');
    expect(names).not.toContain('image_classification');
    expect(() => bare.catalogue.require('image_embedding')).toThrow("Unknown task 'image_embedding'");
    await bare.close();
  });

  it('says what is the matter with the model where there is one that cannot be used', async () => {
    const broken = await dropModelsAndTasks();
    const [file] = (await readdir(broken.modelsDir, { recursive: true })).filter((name) => /colour-vector.*model\.onnx$/.test(name));
    await rm(path.join(broken.modelsDir, file!));
    const without = await TaskRunnerFixture.start({ modelsDir: broken.modelsDir });
    const ask = async () => without.catalogue.require('image_embedding');
    await expect(ask()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^task 'image_embedding' can't be done now: model "colour-vector": .*model\.onnx/),
    });
    await without.close();
    await broken.remove();
  });
});
