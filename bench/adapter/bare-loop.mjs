// The adapter's own steps in a loop of one process: no HTTP, no bus, no parent. What serving costs is measured against it.
import { runWork } from '../../apps/adapter/dist/engine-tasks/run-work.js';
import { ConvertedModelCache } from '../../apps/adapter/dist/models/converted-model-cache.js';
import { ModelRepository } from '../../apps/adapter/dist/models/model-repository.js';
import { ModelStore } from '../../apps/adapter/dist/models/model-store.js';
import { createLogger } from '../../libs/runtime/dist/index.js';
import { answerMessages, runFor } from './answer-messages.mjs';
import { PlainPipeline } from './plain-pipeline.mjs';

let once;

answerMessages(async (message) => {
  if (message.type === 'prepare') {
    once = await prepare(message);
    return {};
  }
  return runFor({ seconds: message.seconds }, once);
});

/** `plain`: not our steps, but the pipeline that everybody would write with the same libraries and the same int8 model. */
async function prepare({ steps, pictures, modelCacheDir, models: names, plain }) {
  const logger = createLogger({ service: 'bench', level: 'error' });
  const cache = new ConvertedModelCache(modelCacheDir, logger);
  const store = new ModelStore({ repository: new ModelRepository(), cache, defaultModels: {}, logger });
  await store.verifyAll();
  for (const name of names) await store.load(name);
  const buffers = pictures.map((picture) => Buffer.from(picture));
  if (plain) {
    const pipeline = new PlainPipeline(await store.use('detector'), plain);
    return (number) => pipeline.run(buffers[number % buffers.length]);
  }
  return async (number) => {
    const { failures } = await runWork({ steps, pictures: [buffers[number % buffers.length]] }, store);
    if (failures.length > 0) throw failures[0];
  };
}
