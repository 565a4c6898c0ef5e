import { readFile } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime/app-error';
import { z } from 'zod';
import { BlipCaptionSession } from '../../backends/blip/blip-caption-session.js';
import { WordPieces } from '../../backends/blip/word-pieces.js';
import { OnnxSession } from '../../backends/onnx/onnx-session.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { Picture } from '../../pictures/picture.js';
import type { PictureInput } from '../model-manifest.js';
import { requireFile, requireUnchanged, type VerifiedFile } from '../model-files.js';
import type { ModelLoader } from '../model-loader.js';
import type { OpenedModel } from '../model-repository.js';
import { inspectOnnxFile } from './load-onnx.js';
import { onFirstProvider } from './on-first-provider.js';

const maxTextFileBytes = 16 * 1024 * 1024;

/** BLIP's own: 384 × 384, normalised as CLIP's pictures are. For a manifest without `input`. */
const usualInput: PictureInput = {
  widthPixels: 384,
  heightPixels: 384,
  layout: 'nchw',
  dtype: 'float32',
  channelOrder: 'rgb',
  mean: [122.7709383, 116.7460125, 104.09373615],
  deviation: [68.5005327, 66.6321579, 70.32316305],
  fit: 'stretch',
  fill: 114,
  align: 'centre',
  constantInputs: [],
};

/** `config.json`: where a sentence begins and ends; as far as it says so. */
const ConfigFile = z.object({
  text_config: z
    .object({ bos_token_id: z.int().optional(), sep_token_id: z.int().optional(), eos_token_id: z.int().optional() })
    .optional(),
});

/** One pixel: a model that can't be run with its tokenizer is refused when it is loaded. */
const onePixelPng = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQImWNgYGAAAAAEAAGjChXjAAAAAElFTkSuQmCC',
  'base64',
);

/** BLIP as an ONNX pair, opened on the first provider that runs it. */
export const loadBlip: ModelLoader = async (model, tools) => {
  const words = await readWords(model);
  const ends = await readEnds(model, words);
  for (const role of ['vision', 'text_decoder'] as const) await inspectOnnxFile(model, requireFile(model, role));
  return onFirstProvider(model.manifest.name, tools, async (provider) => {
    const session = await openOn(model, provider, { words, ...ends });
    return { session, precision: 'fp32', device: provider };
  });
};

async function openOn(
  model: OpenedModel,
  provider: ExecutionProvider,
  language: { words: WordPieces; beginId: number; endId: number },
): Promise<BlipCaptionSession> {
  const opened: OnnxSession[] = [];
  try {
    for (const role of ['vision', 'text_decoder'] as const)
      opened.push(await OnnxSession.create(requireFile(model, role).realPath, provider));
    await requireUnchanged(model.verified);
    const [vision, textDecoder] = opened;
    const input = model.manifest.input ?? usualInput;
    const session = new BlipCaptionSession({ vision: vision!, textDecoder: textDecoder!, input, ...language });
    await session.caption(new Picture(onePixelPng), { maxNewTokens: 1 });
    return session;
  } catch (error) {
    await Promise.all(opened.map((session) => session.release()));
    throw error;
  }
}

async function readWords(model: OpenedModel): Promise<WordPieces> {
  const file = requireFile(model, 'tokenizer');
  try {
    return WordPieces.parse(await readText(file));
  } catch (cause) {
    throw new AppError('model_error', `model "${model.manifest.name}": ${file.path} is no tokenizer of word pieces`, { cause });
  }
}

/** BLIP begins with the mark that was added for it and ends with BERT's separator. */
async function readEnds(model: OpenedModel, words: WordPieces): Promise<{ beginId: number; endId: number }> {
  const config = model.verified.files.find(({ role }) => role === 'config');
  const read = config ? ConfigFile.safeParse(parseJson(await readText(config))) : undefined;
  const told = read?.success ? read.data.text_config : undefined;
  const beginId = told?.bos_token_id ?? words.idOf('[DEC]') ?? words.idOf('[CLS]');
  const endId = told?.sep_token_id ?? words.idOf('[SEP]') ?? told?.eos_token_id;
  if (beginId === undefined || endId === undefined) {
    throw new AppError(
      'model_error',
      `model "${model.manifest.name}": neither its config nor its tokenizer says where a sentence begins and ends`,
    );
  }
  return { beginId, endId };
}

/** As `jsonOrUndefined` of the runtime, of which an engine process loads no more than it needs. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(file: VerifiedFile): Promise<string> {
  if (file.sizeBytes > maxTextFileBytes) throw new Error(`${file.path} is larger than ${maxTextFileBytes} bytes`);
  return readFile(file.realPath, 'utf8');
}
