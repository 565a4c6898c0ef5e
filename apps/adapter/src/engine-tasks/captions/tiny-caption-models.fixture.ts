import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ConstantTensor } from '../../models/tfjs-to-onnx/constant-tensor.js';
import { OnnxGraph } from '../../models/tfjs-to-onnx/onnx-graph.js';

/*
 * Caption models of a few kilobytes that say "a bright scene" or "a dark scene", as the picture is: each word follows from the one
 * before, and after "a" the picture decides. They have the inputs and outputs of the real ones.
 */

/** Side of the input, and of the patches that it is cut into. */
const inputSide = 32;
const patchSide = 16;
const patches = (inputSide / patchSide) ** 2;
const width = 8;

export const floats = (shape: readonly number[], value: (index: number) => number): ConstantTensor => ({
  elementType: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, index) => value(index)),
});
export const integers = (values: readonly number[]): ConstantTensor => ({
  elementType: 'int64',
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** `pixel_values` → `last_hidden_state` [1, 4, 8]: every number is the mean of its patch. */
function visionModel(): Buffer {
  const graph = new OnnxGraph();
  graph.addInput('pixel_values', 'float32', ['batch', 3, inputSide, inputSide]);
  const weights = graph.addInitializer(
    floats([width, 3, patchSide, patchSide], () => 1 / (3 * patchSide ** 2)),
    'weights',
  );
  const [map] = graph.addNode({ op: 'Conv', inputs: ['pixel_values', weights], attributes: { strides: [patchSide, patchSide] } });
  const shape = graph.addInitializer(integers([0, width, patches]), 'shape');
  const [rows] = graph.addNode({ op: 'Reshape', inputs: [map!, shape] });
  const [state] = graph.addNode({ op: 'Transpose', inputs: [rows!], attributes: { perm: [0, 2, 1] } });
  graph.addOutput('last_hidden_state', state!, { elementType: 'float32', dimensions: ['batch', patches, width] });
  return graph.encode('vision');
}

export interface Sentence {
  readonly vocabulary: number;
  /** What follows a word, by ids. */
  readonly follows: Readonly<Record<number, number>>;
  /** The word after which the picture decides. */
  readonly fork: { readonly after: number; readonly bright: number; readonly dark: number };
}

/** Scores of the next word for each word so far: fixed ones, and at the fork the picture's mean for bright and against dark. */
function addScores(graph: OnnxGraph, { vocabulary, follows, fork }: Sentence): string {
  const fixed = graph.addInitializer(
    floats([vocabulary, vocabulary], (index) => (follows[Math.floor(index / vocabulary)] === index % vocabulary ? 10 : 0)),
    'fixed',
  );
  const seen = graph.addInitializer(
    floats([vocabulary, vocabulary], (index) => {
      if (Math.floor(index / vocabulary) !== fork.after) return 0;
      return index % vocabulary === fork.bright ? 100 : index % vocabulary === fork.dark ? -100 : 0;
    }),
    'seen',
  );
  const [ofWord] = graph.addNode({ op: 'Gather', inputs: [fixed, 'input_ids'], attributes: { axis: 0 } });
  const [ofSeen] = graph.addNode({ op: 'Gather', inputs: [seen, 'input_ids'], attributes: { axis: 0 } });
  const [mean] = graph.addNode({ op: 'ReduceMean', inputs: ['encoder_hidden_states'], attributes: { axes: [1, 2], keepdims: 1 } });
  const [weighted] = graph.addNode({ op: 'Mul', inputs: [ofSeen!, mean!] });
  const [scores] = graph.addNode({ op: 'Add', inputs: [ofWord!, weighted!] });
  return scores!;
}

/** A BLIP pair with its tokenizer and manifest, in `<modelsDir>/<name>`. */
export async function writeTinyBlip(modelsDir: string, name: string): Promise<void> {
  const folder = path.join(modelsDir, name);
  await mkdir(folder, { recursive: true });
  const words = ['[PAD]', '[SEP]', '[DEC]', 'a', 'bright', 'dark', 'sce', '##ne'];
  const follows = { 2: 3, 4: 6, 5: 6, 6: 7, 7: 1 };
  const graph = new OnnxGraph();
  for (const input of ['input_ids', 'attention_mask']) graph.addInput(input, 'int64', ['batch', 'length']);
  graph.addInput('encoder_hidden_states', 'float32', ['batch', patches, width]);
  graph.addInput('encoder_attention_mask', 'int64', ['batch', patches]);
  const scores = addScores(graph, { vocabulary: words.length, follows, fork: { after: 3, bright: 4, dark: 5 } });
  graph.addOutput('logits', scores, { elementType: 'float32', dimensions: ['batch', 'length', words.length] });
  const tokenizer = { model: { type: 'WordPiece', vocab: Object.fromEntries(words.map((word, id) => [word, id])) } };
  const manifest = {
    name,
    format: 'blip-onnx',
    files: [
      { path: 'vision.onnx', role: 'vision' },
      { path: 'text_decoder.onnx', role: 'text_decoder' },
      { path: 'tokenizer.json', role: 'tokenizer' },
    ],
    input: { widthPixels: inputSide, heightPixels: inputSide, mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] },
  };
  await writeFile(path.join(folder, 'vision.onnx'), visionModel());
  await writeFile(path.join(folder, 'text_decoder.onnx'), graph.encode('text_decoder'));
  await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  await writeFile(path.join(folder, 'model.json'), JSON.stringify(manifest));
}

/** `tokenizer.json` of whole words, of which `marks` are found inside of others and left out of what is told. "<unk>" is one of them. */
export const wordTokenizer = (words: readonly string[], marks: readonly string[]): object => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: marks.map((content) => ({
    id: words.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: '<unk>' },
});

/** A folder as ViT-GPT2 has it on the Hugging Face hub, with a manifest, in `<modelsDir>/<name>`. */
export async function writeTinyEncoderDecoder(modelsDir: string, name: string): Promise<void> {
  const folder = path.join(modelsDir, name);
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  const words = ['<s>', '</s>', '<unk>', 'a', 'bright', 'dark', 'scene'];
  const follows = { 0: 3, 4: 6, 5: 6, 6: 1 };
  const json = async (file: string, content: object) => writeFile(path.join(folder, file), JSON.stringify(content));
  await writeFile(path.join(folder, 'onnx', 'encoder_model.onnx'), visionModel());
  await writeFile(
    path.join(folder, 'onnx', 'decoder_model_merged.onnx'),
    mergedDecoder({ vocabulary: words.length, follows, fork: { after: 3, bright: 4, dark: 5 } }),
  );
  await json('config.json', {
    model_type: 'vision-encoder-decoder',
    architectures: ['VisionEncoderDecoderModel'],
    is_encoder_decoder: true,
    decoder_start_token_id: 0,
    encoder: { model_type: 'vit', hidden_size: width, image_size: inputSide },
    decoder: {
      model_type: 'gpt2',
      n_head: 2,
      n_layer: 1,
      n_embd: width,
      vocab_size: words.length,
      is_decoder: true,
      add_cross_attention: true,
    },
  });
  await json('generation_config.json', { decoder_start_token_id: 0, eos_token_id: 1, bos_token_id: 0, pad_token_id: 1 });
  await json('preprocessor_config.json', {
    image_processor_type: 'ViTImageProcessor',
    feature_extractor_type: 'ViTFeatureExtractor',
    do_resize: true,
    do_normalize: true,
    do_rescale: true,
    rescale_factor: 1 / 255,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    resample: 2,
    size: { height: inputSide, width: inputSide },
  });
  await json('tokenizer.json', wordTokenizer(words, words.slice(0, 3)));
  await json('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizer',
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    model_max_length: 64,
  });
  await json('model.json', { name, format: 'transformers' });
}

/** With a cache of one layer that goes through untouched: the next word follows from the last one alone. */
function mergedDecoder(sentence: Sentence): Buffer {
  const graph = new OnnxGraph();
  graph.addInput('input_ids', 'int64', ['batch', 'length']);
  graph.addInput('encoder_hidden_states', 'float32', ['batch', patches, width]);
  const cache = ['key', 'value'];
  for (const part of cache) graph.addInput(`past_key_values.0.${part}`, 'float32', ['batch', 2, 'past', width / 2]);
  graph.addInput('use_cache_branch', 'bool', [1]);
  graph.addOutput('logits', addScores(graph, sentence), { elementType: 'float32', dimensions: ['batch', 'length', sentence.vocabulary] });
  for (const part of cache) {
    graph.addOutput(`present.0.${part}`, `past_key_values.0.${part}`, {
      elementType: 'float32',
      dimensions: ['batch', 2, 'past', width / 2],
    });
  }
  graph.addNode({ op: 'Not', inputs: ['use_cache_branch'] });
  return graph.encode('decoder');
}
