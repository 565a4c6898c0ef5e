import { fitPicture } from '../../models/fit-picture.js';
import type { CaptionSession, TensorSession } from '../../models/loaded-model.js';
import type { PictureInput } from '../../models/model-manifest.js';
import { pictureTensor } from '../../models/picture-tensor.js';
import type { Picture } from '../../pictures/picture.js';
import { requireFloats, type Tensor } from '../tensor.js';
import type { WordPieces } from './word-pieces.js';

interface BlipModels {
  /** `pixel_values` → the picture as a row of vectors. */
  readonly vision: TensorSession;
  /** The words so far and the picture's vectors → a score for each word that may come next. */
  readonly textDecoder: TensorSession;
  readonly words: WordPieces;
  readonly input: PictureInput;
  /** The sentence begins after it. */
  readonly beginId: number;
  /** The sentence ends before it. */
  readonly endId: number;
}

/** Captions by BLIP, as two ONNX files: each word is the likeliest after those before it, until the sentence ends. */
export class BlipCaptionSession implements CaptionSession {
  readonly type = 'caption';

  constructor(private readonly models: BlipModels) {}

  async caption(picture: Picture, { maxNewTokens }: { maxNewTokens: number }): Promise<string> {
    const { words, beginId, endId } = this.models;
    const seen = await this.look(picture);
    const ids = [beginId];
    while (ids.length <= maxNewTokens) {
      const next = await this.nextWord(ids, seen);
      if (next === endId) break;
      ids.push(next);
    }
    return words.decode(ids.slice(1));
  }

  async release(): Promise<void> {
    await this.models.vision.release();
    await this.models.textDecoder.release();
  }

  /** @returns the picture's vectors: `[1, patches, width]` */
  private async look(picture: Picture): Promise<Tensor> {
    const { vision, input } = this.models;
    const { pixels } = await fitPicture(picture, input);
    const outputs = await vision.run(new Map([[vision.inputs[0]!.name, pictureTensor(pixels, input)]]));
    const seen = outputs.get('last_hidden_state') ?? [...outputs.values()][0];
    if (seen?.dims.length !== 3) throw new Error(`the vision model gives [${String(seen?.dims)}], expected [1, patches, width]`);
    return seen;
  }

  private async nextWord(ids: readonly number[], seen: Tensor): Promise<number> {
    const { textDecoder, words } = this.models;
    const available: Readonly<Record<string, () => Tensor>> = {
      input_ids: () => int64([1, ids.length], ids),
      attention_mask: () =>
        int64(
          [1, ids.length],
          ids.map(() => 1),
        ),
      encoder_hidden_states: () => seen,
      encoder_attention_mask: () =>
        int64(
          [1, seen.dims[1]!],
          Array.from({ length: seen.dims[1]! }, () => 1),
        ),
    };
    const inputs = textDecoder.inputs.map(({ name }): [string, Tensor] => {
      if (!Object.hasOwn(available, name)) throw new Error(`the text decoder wants "${name}", which BLIP has not`);
      return [name, available[name]!()];
    });
    const outputs = await textDecoder.run(new Map(inputs));
    const logits = requireFloats(outputs, 'logits');
    const vocabulary = outputs.get('logits')!.dims.at(-1)!;
    if (vocabulary < words.size || logits.length < ids.length * vocabulary) {
      throw new Error(`the text decoder scores ${vocabulary} words, its tokenizer has ${words.size}`);
    }
    return likeliest(logits.subarray((ids.length - 1) * vocabulary, ids.length * vocabulary));
  }
}

function int64(dims: readonly number[], values: readonly number[]): Tensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}

/** @throws Error when no score is a number */
function likeliest(scores: Float32Array): number {
  let best = -1;
  for (let id = 0; id < scores.length; id++) if (best === -1 ? scores[id]! > -Infinity : scores[id]! > scores[best]!) best = id;
  if (best === -1) throw new Error('the text decoder’s scores are no numbers');
  return best;
}
