import { channelsFirst, plainLayout } from './axis-layout.js';
import type { ConversionGraph } from './conversion-graph.js';
import { computed, computedPlain, type ComputedTensor, type Size } from './converted-tensor.js';
import type { GraphNode } from './graph-node.js';
import type { Dimension } from './onnx-graph.js';

/** Name of the one input of every converted model. */
const inputName = 'input';

/** What is done inside the graph to a picture of interleaved 8-bit RGB. */
export interface PictureNormalisation {
  readonly channelOrder: 'rgb' | 'bgr';
  /** Subtracted, then divided by, per channel, in the order of `channelOrder`. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

const channels = 3;

/** Pixels along a side, or numbers along another axis of the input: what a file says beyond it is a lie. */
const largestSide = 16_384;

/** Declares the input as the graph has it: floats in the graph's own layout. */
export function declareTensorInput(graph: ConversionGraph, node: GraphNode): ComputedTensor {
  const sizes = inputSizes(graph, node);
  const elementType = node.elementType('dtype');
  graph.onnx.addInput(inputName, elementType, sizes.map(dimensionOf));
  return computedPlain(inputName, sizes, elementType);
}

/**
 * Declares the input as uint8 `[batch, height, width, 3]`, what a picture decoder gives, and normalises inside the graph:
 * a quarter of the bytes cross into the runtime, and no loop over pixels is left to JavaScript.
 */
export function declarePictureInput(graph: ConversionGraph, node: GraphNode, normalisation: PictureNormalisation): ComputedTensor {
  const sizes = inputSizes(graph, node);
  if (sizes.length !== 4) throw node.unsupported('a picture input without four axes');
  const graphHasChannelsFirst = sizes[1] === channels;
  if (!graphHasChannelsFirst && sizes[3] !== channels) throw node.unsupported('a picture input without three channels');
  const [height, width] = graphHasChannelsFirst ? sizes.slice(2) : sizes.slice(1, 3);
  graph.onnx.addInput(inputName, 'uint8', [sizes[0], height, width, channels].map(dimensionOf));

  const { mean, deviation, channelOrder } = normalisation;
  const perChannel = [1, channels, 1, 1];
  // Bytes are moved before they are widened to floats: four times less memory traffic.
  let value = graph.emit('Transpose', [inputName], { perm: channelsFirst });
  if (channelOrder === 'bgr') value = graph.emit('Gather', [value, graph.int64s([2, 1, 0])], { axis: 1 });
  value = graph.cast(value, 'float32');
  if (mean.some((shift) => shift !== 0)) value = graph.emit('Sub', [value, graph.floats(mean, perChannel)]);
  if (deviation.some((divisor) => divisor !== 1)) {
    const factors = deviation.map((divisor) => 1 / divisor);
    value = graph.emit('Mul', [value, graph.floats(factors, perChannel)]);
  }
  const elementType = node.elementType('dtype');
  if (elementType !== 'float32') value = graph.cast(value, elementType);
  return computed(value, graphHasChannelsFirst ? plainLayout(4) : channelsFirst, elementType, sizes);
}

/** Sizes of the input with the batch in front; undefined where one varies. */
function inputSizes(graph: ConversionGraph, node: GraphNode): Size[] {
  const declared = node.shape('shape');
  if (!declared || declared.length === 0) throw node.unsupported('an input of unknown rank');
  if (declared.some((size) => size === 0 || size > largestSide)) throw node.unsupported(`an input of shape [${declared.join(', ')}]`);
  const [batch = 1, ...rest] = declared.map((size) => (size < 0 ? undefined : size));
  return [graph.options.dynamicBatch ? undefined : batch, ...rest];
}

/** Sizes that vary get a name each. */
function dimensionOf(size: Size, axis: number): Dimension {
  return size ?? (axis === 0 ? 'batch' : `size_${axis - 1}`);
}
