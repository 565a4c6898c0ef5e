// One model on a GPU, asked by many at once, with calls joined as shipped or each by itself: no HTTP, no picture, no other process.
import { BatchingSession } from '../../apps/adapter/dist/backends/batching-session.js';
import { ConvertedModelCache } from '../../apps/adapter/dist/models/converted-model-cache.js';
import { builtinModels } from '../../apps/adapter/dist/models/builtin/builtin-models.js';
import { ModelRepository } from '../../apps/adapter/dist/models/model-repository.js';
import { ModelStore } from '../../apps/adapter/dist/models/model-store.js';
import { checkPicture } from '../../apps/adapter/dist/models/precision-check.js';
import { inputsOf } from '../../apps/adapter/dist/models/run-on-pixels.js';
import { createLogger } from '../../libs/runtime/dist/index.js';
import { answerMessages, runFor } from './answer-messages.mjs';

let once;

answerMessages(async (message) => {
  if (message.type !== 'prepare') return runFor(message, once);
  const { run, isJoining } = await open(message);
  once = run;
  return { isJoining };
});

/** `joined: false`: the same model told to take one picture at a time. */
async function open({ model, joined, modelCacheDir }) {
  const logger = createLogger({ service: 'bench', level: 'error' });
  const one = builtinModels.find(({ manifest }) => manifest.name === model);
  const alone = { ...one, manifest: { ...one.manifest, batching: { maxSize: 1, maxQueueDelayMs: 0 } } };
  const store = new ModelStore({
    repository: new ModelRepository({ builtin: [joined ? one : alone] }),
    cache: new ConvertedModelCache(modelCacheDir, logger),
    defaultModels: {},
    providers: ['cuda'],
    logger,
  });
  await store.verifyAll();
  const { session, takes, device } = await store.load(model);
  if (device !== 'cuda') throw new Error(`${model} runs on ${device}`);
  const inputs = inputsOf({ session, takes }, checkPicture(takes.widthPixels, takes.heightPixels, 1));
  return { run: () => session.run(inputs), isJoining: session instanceof BatchingSession };
}
