import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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
import { runWork } from '../run-work.js';
import { writeTinyBlip, writeTinyEncoderDecoder } from './tiny-caption-models.fixture.js';
import { writeTinyFlorence, writeTinySmolVlm } from './tiny-language-models.fixture.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const plain = (background: string) =>
  sharp({ create: { width: 64, height: 48, channels: 3, background } })
    .jpeg()
    .toBuffer();

describe('describe_scene', () => {
  let directory: string;
  let modelsDir: string;

  const open = async (dir?: string): Promise<ModelStore> => {
    const cache = new ConvertedModelCache(path.join(directory, 'cache'), logger);
    const models = new ModelStore({ repository: new ModelRepository({ modelsDir: dir }), cache, defaultModels: {}, logger });
    await models.verifyAll();
    return models;
  };
  const describeScene = async (models: ModelStore, picture: Uint8Array, options: EngineTasks['describe_scene']['options'] = {}) => {
    const { result, failures } = await runWork({ steps: [{ task: 'describe_scene', options }], pictures: [picture] }, models);
    const [outcome] = result.steps;
    if (!outcome?.ok) throw failures[0];
    return { ...(outcome.result as EngineTasks['describe_scene']['result']), models: outcome.models };
  };

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-captions-'));
    modelsDir = path.join(directory, 'models');
    await writeTinyBlip(modelsDir, 'tiny-blip');
    await writeTinyEncoderDecoder(modelsDir, 'tiny-vit-gpt2');
    await writeTinyFlorence(modelsDir, 'tiny-florence2');
    await writeTinySmolVlm(modelsDir, 'tiny-smolvlm');
    await writeTinySmolVlm(modelsDir, 'tiny-idefics3', 'idefics3');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('makes a sentence of what was found where there is no caption model, and says so', async () => {
    const { caption, modelId, source, models } = await describeScene(await open(), await readFile(samplePictures[0]!));
    expect(caption).toMatch(/^(Two|Three|Four) people .+; a (bright|dim|dark) scene\.$/);
    expect({ modelId, source }).toEqual({ modelId: 'nightjar/template-caption', source: 'template' });
    expect(models).toMatchObject([{ name: 'nanodet' }]);
  });

  it.each([['tiny-blip'], ['tiny-vit-gpt2'], ['tiny-florence2'], ['tiny-smolvlm'], ['tiny-idefics3']])(
    'asks the caption model %s, whose words follow from the picture',
    async (model) => {
      const models = await open(modelsDir);
      const bright = await describeScene(models, await plain('#eee'), { model });
      expect(bright).toMatchObject({ caption: 'a bright scene', modelId: model, source: 'model' });
      expect(bright.models).toMatchObject([{ name: model, fingerprint: expect.stringMatching(/^sha256:/) }]);
      expect((await describeScene(models, await plain('#111'), { model })).caption).toBe('a dark scene');
      expect((await describeScene(models, await plain('#111'), { model, maxNewTokens: 2 })).caption).toBe('a dark');
      await models.unload(model);
    },
  );

  it('takes a configured caption model without being told, and ends a sentence where it is told', async () => {
    const models = await open(modelsDir);
    const { caption, modelId } = await describeScene(models, await plain('#eee'), { maxNewTokens: 2 });
    expect(modelId).toMatch(/^tiny-/);
    expect(caption).toBe('a bright');
    await models.unload(modelId);
  });

  it('refuses a BLIP folder whose tokenizer does not belong to its decoder, and goes on', async () => {
    const broken = path.join(directory, 'broken');
    await writeTinyBlip(broken, 'odd-blip');
    const words = Object.fromEntries(
      ['[SEP]', '[DEC]', ...Array.from({ length: 40 }, (_, index) => `w${index}`)].map((word, id) => [word, id]),
    );
    await writeFile(path.join(broken, 'odd-blip', 'tokenizer.json'), JSON.stringify({ model: { vocab: words } }));
    const models = await open(broken);
    const failed = describeScene(models, await plain('#eee'), { model: 'odd-blip' });
    await expect(failed).rejects.toMatchObject({ code: 'model_error', message: expect.stringContaining('scores 8 words') });
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining(directory) });
  });

  it('refuses a folder of a family that it does not know, and one that lacks a file, without telling where it lies', async () => {
    const broken = path.join(directory, 'incomplete');
    await writeTinyEncoderDecoder(broken, 'no-tokenizer');
    await rm(path.join(broken, 'no-tokenizer', 'tokenizer.json'));
    await writeTinyEncoderDecoder(broken, 'odd-family');
    await writeFile(path.join(broken, 'odd-family', 'config.json'), JSON.stringify({ model_type: 'constructor' }));
    const models = await open(broken);
    const lacking = describeScene(models, await plain('#eee'), { model: 'no-tokenizer' });
    await expect(lacking).rejects.toMatchObject({ code: 'model_error', message: expect.stringContaining('tokenizer') });
    await expect(lacking).rejects.not.toMatchObject({ message: expect.stringContaining(directory) });
    await expect(describeScene(models, await plain('#eee'), { model: 'odd-family' })).rejects.toMatchObject({
      code: 'model_error',
      message: expect.stringContaining('type "constructor" are not known'),
    });
  });
});
