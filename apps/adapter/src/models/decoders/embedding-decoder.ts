import { requireFloats, type Tensors } from '../../backends/tensor.js';
import { findOutput, wrongShape } from './model-outputs.js';

const usualNames = ['embedding', 'embeddings', 'image_embeds', 'pooler_output', 'features', 'output'];

/** An embedding is compared with thousands of others; a model with more numbers than this gives something else. */
const maxLength = 16_384;

/**
 * Reads a model's output for one picture as a vector, whatever its shape behind the leading 1.
 * @param options.normalise scales the vector to length 1, so that a product of two is their cosine
 * @throws Error when there is no such output, it holds something that is no number, or it has no direction
 */
export function decodeEmbedding(outputs: Tensors, options: { normalise: boolean; outputName?: string | undefined }): Float32Array {
  const part = 'embedding';
  const name = findOutput(outputs, { part, usualNames, outputNames: { [part]: options.outputName } });
  const data = requireFloats(outputs, name);
  const { dims } = outputs.get(name)!;
  if (dims.length < 2 || dims[0] !== 1 || data.length > maxLength) throw wrongShape(name, dims, [[1, `up to ${maxLength} numbers`]]);
  if (!data.every(Number.isFinite)) throw new Error(`output "${name}" of the model holds something that is not a number`);
  if (!options.normalise) return data.slice();
  const length = Math.hypot(...data);
  if (length === 0) throw new Error(`output "${name}" of the model is zero: it has no direction`);
  return data.map((value) => value / length);
}
