import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { wordTokenizer } from './tiny-caption-models.fixture.js';
import {
  chatDecoder,
  embedding,
  florenceDecoder,
  florenceEncoder,
  inputSide,
  patches,
  patchSide,
  visionEncoder,
  widthOf,
} from './tiny-language-graphs.fixture.js';

/*
 * Folders of Florence-2, SmolVLM and Idefics 3 that say "a bright scene" or "a dark scene", as the picture is, where they are asked as
 * the real ones are.
 */

/** Writes `<folder>/onnx/<name>.onnx` and `<folder>/<name>.json`. */
async function writeFolder(
  folder: string,
  { models, documents }: { models: Record<string, Buffer>; documents: Record<string, object> },
): Promise<void> {
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  for (const [name, model] of Object.entries(models)) await writeFile(path.join(folder, 'onnx', `${name}.onnx`), model);
  for (const [name, content] of Object.entries(documents)) await writeFile(path.join(folder, `${name}.json`), JSON.stringify(content));
}

const pixelRules = {
  do_convert_rgb: true,
  do_normalize: true,
  do_rescale: true,
  do_resize: true,
  image_mean: [0.5, 0.5, 0.5],
  image_std: [0.5, 0.5, 0.5],
  rescale_factor: 1 / 255,
};

/** A folder as Florence-2 has it on the Hugging Face hub, with a manifest, in `<modelsDir>/<name>`. */
export async function writeTinyFlorence(modelsDir: string, name: string): Promise<void> {
  const marks = ['<s>', '<pad>', '</s>', '<unk>'];
  const words = [...marks, 'a', 'bright', 'dark', 'scene', 'What', 'does', 'the', 'image', 'describe', '?'];
  const vocabulary = words.length;
  const follows = { 0: 4, 5: 7, 6: 7, 7: 2 };
  const tokens = { bos_token_id: 0, pad_token_id: 1, eos_token_id: 2 };
  const text = {
    decoder_layers: 1,
    decoder_attention_heads: 1,
    encoder_layers: 1,
    encoder_attention_heads: 1,
    d_model: widthOf(vocabulary),
  };
  await writeFolder(path.join(modelsDir, name), {
    models: {
      embed_tokens: embedding(vocabulary),
      vision_encoder: visionEncoder(vocabulary, { frames: false }),
      encoder_model: florenceEncoder(widthOf(vocabulary)),
      decoder_model_merged: florenceDecoder({
        vocabulary,
        follows,
        fork: { after: 4, bright: 5, dark: 6 },
        asked: words.indexOf('describe'),
      }),
    },
    documents: {
      config: {
        model_type: 'florence2',
        architectures: ['Florence2ForConditionalGeneration'],
        is_encoder_decoder: true,
        ...tokens,
        text_config: { ...text, ...tokens, model_type: 'florence2_language', is_encoder_decoder: true, decoder_start_token_id: 2 },
        vision_config: { model_type: 'davit' },
      },
      generation_config: {
        ...tokens,
        decoder_start_token_id: 2,
        forced_bos_token_id: 0,
        forced_eos_token_id: 2,
        num_beams: 3,
        no_repeat_ngram_size: 3,
      },
      preprocessor_config: {
        ...pixelRules,
        processor_class: 'Florence2Processor',
        image_processor_type: 'CLIPImageProcessor',
        image_seq_length: patches,
        size: { height: inputSide, width: inputSide },
        resample: 3,
        tasks_answer_post_processing_type: { '<CAPTION>': 'pure_text', '<OD>': 'description_with_bboxes' },
        task_prompts_without_inputs: { '<CAPTION>': 'What does the image describe?' },
        task_prompts_with_input: { '<CAPTION_TO_PHRASE_GROUNDING>': 'Locate the phrases in the caption: {input}' },
      },
      tokenizer: wordTokenizer(words, marks),
      tokenizer_config: {
        tokenizer_class: 'BartTokenizer',
        bos_token: '<s>',
        eos_token: '</s>',
        pad_token: '<pad>',
        unk_token: '<unk>',
        model_max_length: 1024,
      },
      model: { name, format: 'transformers' },
    },
  });
}

const chatTemplate = [
  "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}",
  "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}",
  "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}{% elif line['type'] == 'image' %}{{ '<image>' }}",
  '{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}',
  "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}",
].join('');

/** A folder as SmolVLM or Idefics 3 has it on the Hugging Face hub, with a manifest, in `<modelsDir>/<name>`. */
export async function writeTinySmolVlm(modelsDir: string, name: string, modelType: 'smolvlm' | 'idefics3' = 'smolvlm'): Promise<void> {
  const className = { smolvlm: 'SmolVLM', idefics3: 'Idefics3' }[modelType];
  // A picture of 64 × 48 is cut into two rows of two frames.
  const frames = ['<row_1_col_1>', '<row_1_col_2>', '<row_2_col_1>', '<row_2_col_2>', '<global-img>'];
  const marks = ['<unk>', '<|im_start|>', '<end_of_utterance>', '<image>', '<fake_token_around_image>', ...frames];
  const words = [...marks, 'a', 'bright', 'dark', 'scene', ':', 'User', 'Describe', 'Assistant'];
  const id = (word: string): number => words.indexOf(word);
  const vocabulary = words.length;
  const follows = {
    [id(':')]: id('a'),
    [id('bright')]: id('scene'),
    [id('dark')]: id('scene'),
    [id('scene')]: id('<end_of_utterance>'),
  };
  const tokens = { bos_token_id: id('<|im_start|>'), pad_token_id: id('<unk>'), eos_token_id: id('<end_of_utterance>') };
  await writeFolder(path.join(modelsDir, name), {
    models: {
      embed_tokens: embedding(vocabulary),
      vision_encoder: visionEncoder(vocabulary, { frames: true }),
      decoder_model_merged: chatDecoder({
        vocabulary,
        follows,
        fork: { after: id('a'), bright: id('bright'), dark: id('dark') },
        asked: id('Describe'),
      }),
    },
    documents: {
      config: {
        model_type: modelType,
        architectures: [`${className}ForConditionalGeneration`],
        image_token_id: id('<image>'),
        ...tokens,
        text_config: {
          model_type: 'llama',
          num_attention_heads: 1,
          num_key_value_heads: 1,
          num_hidden_layers: 1,
          hidden_size: widthOf(vocabulary),
          head_dim: widthOf(vocabulary),
        },
        vision_config: { model_type: `${modelType}_vision`, image_size: inputSide, patch_size: patchSide },
      },
      generation_config: tokens,
      preprocessor_config: {
        ...pixelRules,
        processor_class: `${className}Processor`,
        image_processor_type: `${className}ImageProcessor`,
        do_image_splitting: true,
        do_pad: true,
        size: { longest_edge: 2 * inputSide },
        max_image_size: { longest_edge: inputSide },
        resample: 1,
      },
      processor_config: { processor_class: `${className}Processor`, image_seq_len: patches },
      tokenizer: wordTokenizer(words, marks),
      tokenizer_config: {
        tokenizer_class: 'GPT2Tokenizer',
        bos_token: '<|im_start|>',
        eos_token: '<end_of_utterance>',
        pad_token: '<unk>',
        unk_token: '<unk>',
        chat_template: chatTemplate,
        model_max_length: 1024,
      },
      model: { name, format: 'transformers' },
    },
  });
}
