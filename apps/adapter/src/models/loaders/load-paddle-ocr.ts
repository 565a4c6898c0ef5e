import { readFile } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime/app-error';
import { OnnxSession } from '../../backends/onnx/onnx-session.js';
import { PaddleTextSession } from '../../backends/paddle/paddle-text-session.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { requireFile, requireUnchanged } from '../model-files.js';
import type { ModelLoader } from '../model-loader.js';
import type { OpenedModel } from '../model-repository.js';
import { inspectOnnxFile } from './load-onnx.js';
import { onFirstProvider } from './on-first-provider.js';

const maxDictionaryBytes = 4 * 1024 * 1024;
/** A small grey picture: whether both parts run, and fit each other and the dictionary, shows on it. */
const warmUpSide = 64;

/** The parts of PP-OCR, opened on the first provider that runs them. */
export const loadPaddleOcr: ModelLoader = async (model, tools) => {
  const dictionary = await readDictionary(model);
  for (const role of ['detection', 'recognition'] as const) await inspectOnnxFile(model, requireFile(model, role));
  return onFirstProvider(model.manifest.name, tools, async (provider) => {
    return { session: await openOn(model, provider, dictionary), precision: 'fp32', device: provider };
  });
};

async function openOn(model: OpenedModel, provider: ExecutionProvider, dictionary: readonly string[]): Promise<PaddleTextSession> {
  const opened: OnnxSession[] = [];
  try {
    for (const role of ['detection', 'recognition'] as const)
      opened.push(await OnnxSession.create(requireFile(model, role).realPath, provider));
    await requireUnchanged(model.verified);
    const [detection, recognition] = opened;
    const session = await PaddleTextSession.open({ detection: detection!, recognition: recognition!, dictionary });
    const pixels = new Uint8Array(warmUpSide * warmUpSide * 3).fill(128);
    await session.read({ data: pixels, widthPixels: warmUpSide, heightPixels: warmUpSide });
    return session;
  } catch (error) {
    await Promise.all(opened.map((session) => session.release()));
    throw error;
  }
}

/** One character a line; the space, which no line can hold, comes last. */
async function readDictionary(model: OpenedModel): Promise<string[]> {
  const file = requireFile(model, 'dictionary');
  if (file.sizeBytes > maxDictionaryBytes)
    throw new AppError('model_error', `model "${model.manifest.name}": its dictionary is larger than ${maxDictionaryBytes} bytes`);
  const lines = (await readFile(file.realPath, 'utf8')).split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return [...lines, ' '];
}
