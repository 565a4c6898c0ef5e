import { readFile } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime/app-error';
import { z } from 'zod';
import { TransformersCaptionSession } from '../../backends/transformers/transformers-caption-session.js';
import { requireUnchanged } from '../model-files.js';
import type { ModelLoader } from '../model-loader.js';
import type { OpenedModel } from '../model-repository.js';
import { inspectOnnxFile } from './load-onnx.js';
import { onFirstProvider } from './on-first-provider.js';

const maxConfigBytes = 1024 * 1024;
const ConfigFile = z.object({ model_type: z.string().max(100) });

/** Where the library's words for a device differ from the providers'. */
const devices = { cpu: 'cpu', cuda: 'cuda' } as const;

/** A folder in the form of the Hugging Face hub: `config.json`, tokenizer, and the weights in `onnx/`. */
export const loadTransformers: ModelLoader = async (model, tools) => {
  const { manifest, verified } = model;
  const modelType = await readModelType(model);
  for (const file of verified.files) if (file.path.endsWith('.onnx')) await inspectOnnxFile(model, file);
  return onFirstProvider(manifest.name, tools, async (provider) => {
    if (provider === 'tensorrt') throw new AppError('model_error', `model "${manifest.name}": caption models do not run on tensorrt`);
    await requireUnchanged(verified);
    const { weights, prompt } = manifest.caption;
    const folder = { folder: verified.folder, modelType, weights, device: devices[provider], prompt };
    const session = await TransformersCaptionSession.open(folder).catch((cause: unknown) => {
      const reason = cause instanceof Error ? withoutPaths(cause.message, verified.folder) : 'it cannot be opened';
      throw new AppError('model_error', `model "${manifest.name}": ${reason}`, { cause });
    });
    return { session, precision: weights === 'fp16' ? 'fp16' : weights === 'fp32' ? 'fp32' : 'int8', device: provider };
  });
};

/** @throws AppError `model_error` when there is no config.json that tells the family */
async function readModelType({ manifest, verified }: OpenedModel): Promise<string> {
  const file = verified.files.find(({ path }) => path === 'config.json');
  if (!file) throw new AppError('model_error', `model "${manifest.name}" has no config.json`);
  try {
    if (file.sizeBytes > maxConfigBytes) throw new Error('too large');
    return ConfigFile.parse(JSON.parse(await readFile(file.realPath, 'utf8'))).model_type;
  } catch (cause) {
    throw new AppError('model_error', `model "${manifest.name}": its config.json does not say which type of model it is`, { cause });
  }
}

/** What the library says may name the folder; callers must not learn where it lies. */
function withoutPaths(message: string, folder: string): string {
  return message.replaceAll(folder, '<folder>').slice(0, 500);
}
