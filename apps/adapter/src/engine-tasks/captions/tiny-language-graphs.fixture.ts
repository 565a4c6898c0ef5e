import { OnnxGraph } from '../../models/tfjs-to-onnx/onnx-graph.js';
import { floats, integers, type Sentence } from './tiny-caption-models.fixture.js';

/*
 * The graphs of caption models that read the picture among the words of a prompt: Florence-2, SmolVLM and Idefics 3, in a few
 * kilobytes, with the inputs and outputs of the real ones.
 *
 * A word is the vector that is 1 at its own place; one place more holds the brightness and is 0 for every word. So a decoder reads the
 * last word from its vector, and the picture from the mean of all that it was given.
 */

/** Side of the input, and of the patches that it is cut into. */
export const inputSide = 32;
export const patchSide = 16;
export const patches = (inputSide / patchSide) ** 2;

export const widthOf = (vocabulary: number): number => vocabulary + 1;

/** `input_ids` → `inputs_embeds`. */
export function embedding(vocabulary: number): Buffer {
  const graph = new OnnxGraph();
  const width = widthOf(vocabulary);
  graph.addInput('input_ids', 'int64', ['batch_size', 'length']);
  const vectors = graph.addInitializer(
    floats([vocabulary, width], (index) => (Math.floor(index / width) === index % width ? 1 : 0)),
    'vectors',
  );
  const [embeds] = graph.addNode({ op: 'Gather', inputs: [vectors, 'input_ids'], attributes: { axis: 0 } });
  graph.addOutput('inputs_embeds', embeds!, { elementType: 'float32', dimensions: ['batch_size', 'length', width] });
  return graph.encode('embed_tokens');
}

/** `pixel_values`, of one picture or of its frames, → `image_features` [frames, 4, width]: the brightness of each patch. */
export function visionEncoder(vocabulary: number, { frames }: { frames: boolean }): Buffer {
  const graph = new OnnxGraph();
  const width = widthOf(vocabulary);
  const perFrame = 3 * patchSide ** 2;
  let pixels = 'pixel_values';
  if (frames) {
    graph.addInput(pixels, 'float32', ['batch_size', 'frames', 3, inputSide, inputSide]);
    graph.addInput('pixel_attention_mask', 'bool', ['batch_size', 'frames', inputSide, inputSide]);
    const flat = graph.addInitializer(integers([-1, 3, inputSide, inputSide]), 'flat');
    pixels = graph.addNode({ op: 'Reshape', inputs: [pixels, flat] })[0]!;
  } else {
    graph.addInput(pixels, 'float32', ['batch_size', 3, inputSide, inputSide]);
  }
  const weights = graph.addInitializer(
    floats([width, 3, patchSide, patchSide], (index) => (Math.floor(index / perFrame) === vocabulary ? 1 / perFrame : 0)),
    'weights',
  );
  const [map] = graph.addNode({ op: 'Conv', inputs: [pixels, weights], attributes: { strides: [patchSide, patchSide] } });
  const shape = graph.addInitializer(integers([0, width, patches]), 'shape');
  const [rows] = graph.addNode({ op: 'Reshape', inputs: [map!, shape] });
  const [features] = graph.addNode({ op: 'Transpose', inputs: [rows!], attributes: { perm: [0, 2, 1] } });
  graph.addOutput('image_features', features!, { elementType: 'float32', dimensions: ['frames', patches, width] });
  return graph.encode('vision_encoder');
}

interface Answer extends Sentence {
  /** A word of the question: without it among what was given, the answer goes wrong. */
  readonly asked: number;
}

/** Scores of the next word for each vector of `inputs_embeds`; at the fork the brightness in `seen` [1, length, width] decides. */
function addScores(graph: OnnxGraph, seen: string, { vocabulary, follows, fork, asked }: Answer): string {
  const shape = [widthOf(vocabulary), vocabulary];
  const rowOf = (index: number): number => Math.floor(index / vocabulary);
  const fixed = graph.addInitializer(
    floats(shape, (index) => (follows[rowOf(index)] === index % vocabulary ? 10 : 0)),
    'fixed',
  );
  const forked = graph.addInitializer(
    floats(shape, (index) => {
      if (rowOf(index) !== fork.after) return 0;
      return index % vocabulary === fork.bright ? 1000 : index % vocabulary === fork.dark ? -1000 : 0;
    }),
    'forked',
  );
  const [ofWord] = graph.addNode({ op: 'MatMul', inputs: ['inputs_embeds', fixed] });
  const [ofFork] = graph.addNode({ op: 'MatMul', inputs: ['inputs_embeds', forked] });
  const [mean] = graph.addNode({ op: 'ReduceMean', inputs: [seen], attributes: { axes: [1], keepdims: 1 } });
  const [bright, asks] = [vocabulary, asked].map((place) => {
    const taken = graph.addInitializer(
      floats([widthOf(vocabulary), 1], (index) => (index === place ? 1 : 0)),
      'taken',
    );
    return graph.addNode({ op: 'MatMul', inputs: [mean!, taken] })[0]!;
  });
  const [decisive] = graph.addNode({ op: 'Mul', inputs: [bright!, asks!] });
  const [weighted] = graph.addNode({ op: 'Mul', inputs: [ofFork!, decisive!] });
  const [scores] = graph.addNode({ op: 'Add', inputs: [ofWord!, weighted!] });
  return scores!;
}

/** `past_key_values.<part>` and `present.<part>`, [1, 1, length, width], which takes in the vectors of `added` [1, length, width]. */
function addCache(graph: OnnxGraph, part: string, { width, added }: { width: number; added?: string }): string {
  const past = `past_key_values.${part}`;
  graph.addInput(past, 'float32', ['batch_size', 1, 'past', width]);
  let present = past;
  if (added !== undefined) {
    const axes = graph.addInitializer(integers([1]), 'axes');
    const [heads] = graph.addNode({ op: 'Unsqueeze', inputs: [added, axes] });
    present = graph.addNode({ op: 'Concat', inputs: [past, heads!], attributes: { axis: 2 } })[0]!;
  }
  graph.addOutput(`present.${part}`, present, { elementType: 'float32', dimensions: ['batch_size', 1, 'present', width] });
  return present;
}

/** Of Florence-2, which gets the prompt already embedded, behind the picture. */
export function florenceEncoder(width: number): Buffer {
  const graph = new OnnxGraph();
  graph.addInput('attention_mask', 'int64', ['batch_size', 'length']);
  graph.addInput('inputs_embeds', 'float32', ['batch_size', 'length', width]);
  graph.addOutput('last_hidden_state', 'inputs_embeds', { elementType: 'float32', dimensions: ['batch_size', 'length', width] });
  return graph.encode('encoder');
}

/** Of Florence-2: sees the picture in what its encoder gave. */
export function florenceDecoder(sentence: Answer): Buffer {
  const graph = new OnnxGraph();
  const width = widthOf(sentence.vocabulary);
  graph.addInput('encoder_attention_mask', 'int64', ['batch_size', 'encoded']);
  graph.addInput('encoder_hidden_states', 'float32', ['batch_size', 'encoded', width]);
  graph.addInput('inputs_embeds', 'float32', ['batch_size', 'length', width]);
  for (const part of ['key', 'value']) {
    addCache(graph, `0.decoder.${part}`, { width, added: 'inputs_embeds' });
    addCache(graph, `0.encoder.${part}`, { width });
  }
  graph.addInput('use_cache_branch', 'bool', [1]);
  const scores = addScores(graph, 'encoder_hidden_states', sentence);
  graph.addOutput('logits', scores, { elementType: 'float32', dimensions: ['batch_size', 'length', sentence.vocabulary] });
  return graph.encode('decoder');
}

/** Of SmolVLM: gets the picture once, within the prompt, and has it from its cache after that. */
export function chatDecoder(sentence: Answer): Buffer {
  const graph = new OnnxGraph();
  const width = widthOf(sentence.vocabulary);
  graph.addInput('inputs_embeds', 'float32', ['batch_size', 'length', width]);
  graph.addInput('attention_mask', 'int64', ['batch_size', 'total']);
  graph.addInput('position_ids', 'int64', ['batch_size', 'length']);
  const keys = addCache(graph, '0.key', { width, added: 'inputs_embeds' });
  addCache(graph, '0.value', { width, added: 'inputs_embeds' });
  const axes = graph.addInitializer(integers([1]), 'axes');
  const [seen] = graph.addNode({ op: 'Squeeze', inputs: [keys, axes] });
  const scores = addScores(graph, seen!, sentence);
  graph.addOutput('logits', scores, { elementType: 'float32', dimensions: ['batch_size', 'length', sentence.vocabulary] });
  return graph.encode('decoder');
}
