import path from 'node:path';
import type { CaptionSession } from '../../models/loaded-model.js';
import type { Picture } from '../../pictures/picture.js';

type Transformers = typeof import('@huggingface/transformers');

type TransformersWeights = 'fp32' | 'fp16' | 'q8' | 'q4';

/** How one family of models is asked for a caption. */
type Captioner = (picture: InstanceType<Transformers['RawImage']>, options: { maxNewTokens: number }) => Promise<string>;

interface OpenedCaptioner {
  readonly caption: Captioner;
  readonly dispose: () => Promise<unknown>;
}

interface TransformersFolder {
  /** Absolute. Everything is read from here; nothing is downloaded. */
  readonly folder: string;
  /** `model_type` of its `config.json`. */
  readonly modelType: string;
  readonly weights: TransformersWeights;
  readonly device: 'cpu' | 'cuda';
  readonly prompt: string | undefined;
}

/** What the library gives for "no picture larger": its own resizing is slower than ours. */
const maxSidePixels = 1024;

/**
 * Captions by the models of @huggingface/transformers, from a folder on disk, on the same onnxruntime as everything else. Which
 * families: see `families`.
 */
export class TransformersCaptionSession implements CaptionSession {
  readonly type = 'caption';

  private constructor(
    private readonly library: Transformers,
    private readonly opened: OpenedCaptioner,
  ) {}

  /** @throws Error that names the file that is missing or damaged, or the family that is not known */
  static async open(folder: TransformersFolder): Promise<TransformersCaptionSession> {
    const open = Object.hasOwn(families, folder.modelType) ? families[folder.modelType] : undefined;
    if (!open) throw new Error(`caption models of type "${folder.modelType}" are not known; known: ${Object.keys(families).join(', ')}`);
    // Loaded only where it is used: it is large.
    const library = await import('@huggingface/transformers');
    library.env.allowRemoteModels = false;
    library.env.allowLocalModels = true;
    // Nothing of it must be written anywhere.
    library.env.useFSCache = false;
    library.env.localModelPath = `${path.dirname(folder.folder)}${path.sep}`;
    return new TransformersCaptionSession(library, await open(library, folder));
  }

  async caption(picture: Picture, options: { maxNewTokens: number }): Promise<string> {
    const { width, height } = await picture.size();
    const scale = Math.min(1, maxSidePixels / Math.max(width, height));
    const target = { widthPixels: Math.max(1, Math.round(width * scale)), heightPixels: Math.max(1, Math.round(height * scale)) };
    const { data } = await picture.stretch(target);
    const text = await this.opened.caption(new this.library.RawImage(data, target.widthPixels, target.heightPixels, 3), options);
    return text.trim();
  }

  async release(): Promise<void> {
    await this.opened.dispose();
  }
}

/**
 * The same picture gives the same caption. Some folders ask for several beams (Florence-2 does): the library goes on with the first of
 * them alone, after it has ranked the best fifty words each time.
 */
const greedy = { do_sample: false, num_beams: 1 } as const;

const nameOf = ({ folder }: TransformersFolder): string => path.basename(folder);

/** ViT-GPT2 and others of an image encoder and a text decoder. */
async function openEncoderDecoder(library: Transformers, folder: TransformersFolder): Promise<OpenedCaptioner> {
  const caption = await library.pipeline('image-to-text', nameOf(folder), {
    dtype: folder.weights,
    device: folder.device,
    local_files_only: true,
  });
  return {
    caption: async (picture, { maxNewTokens }) => {
      // The library's types don't tell how many results one picture gives.
      const [result] = (await caption(picture, { ...greedy, max_new_tokens: maxNewTokens } as never)) as { generated_text: string }[];
      return result?.generated_text ?? '';
    },
    dispose: () => caption.dispose(),
  };
}

/** The marks that Florence-2 is made to begin and to end with: they count as new tokens, and a short caption would be nothing else. */
const florenceMarks = 2;

/** Florence-2 does what a task mark in its prompt tells it; its processor makes the question of the mark. */
async function openFlorence(library: Transformers, folder: TransformersFolder): Promise<OpenedCaptioner> {
  const options = { dtype: folder.weights, device: folder.device, local_files_only: true };
  const model = await library.Florence2ForConditionalGeneration.from_pretrained(nameOf(folder), options);
  const processor = (await library.AutoProcessor.from_pretrained(nameOf(folder), { local_files_only: true })) as InstanceType<
    Transformers['Florence2Processor']
  >;
  const task = folder.prompt ?? '<CAPTION>';
  return {
    caption: async (picture, { maxNewTokens }) => {
      const inputs = (await processor(picture, task)) as object;
      const ids = await model.generate({ ...inputs, ...greedy, max_new_tokens: maxNewTokens + florenceMarks } as never);
      const [text = ''] = processor.batch_decode(ids as never, { skip_special_tokens: false });
      const told = processor.post_process_generation(text, task, [picture.width, picture.height]) as Record<string, unknown>;
      const caption = Object.values(told)[0];
      return typeof caption === 'string' ? caption : text.replace(/<[^>]*>/g, '');
    },
    dispose: () => model.dispose(),
  };
}

/** SmolVLM and Idefics 3 answer a question about the picture. */
async function openChat(library: Transformers, folder: TransformersFolder): Promise<OpenedCaptioner> {
  const options = { dtype: folder.weights, device: folder.device, local_files_only: true };
  const model = await library.AutoModelForVision2Seq.from_pretrained(nameOf(folder), options);
  const processor = await library.AutoProcessor.from_pretrained(nameOf(folder), { local_files_only: true });
  const question = folder.prompt ?? 'Describe this image in one sentence.';
  return {
    caption: async (picture, { maxNewTokens }) => {
      const messages = [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: question }] }];
      const prompt = processor.apply_chat_template(messages as never, { add_generation_prompt: true });
      const inputs = (await processor(prompt, [picture])) as { input_ids: { dims: number[] } };
      const ids = (await model.generate({ ...inputs, ...greedy, max_new_tokens: maxNewTokens } as never)) as InstanceType<
        Transformers['Tensor']
      >;
      const answer = ids.slice(null, [inputs.input_ids.dims.at(-1)!, null as never]);
      const [text = ''] = processor.batch_decode(answer, { skip_special_tokens: true });
      return text;
    },
    dispose: () => model.dispose(),
  };
}

const families: Readonly<Record<string, (library: Transformers, folder: TransformersFolder) => Promise<OpenedCaptioner>>> = {
  'vision-encoder-decoder': openEncoderDecoder,
  florence2: openFlorence,
  smolvlm: openChat,
  idefics3: openChat,
};
