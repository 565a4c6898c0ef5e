import { channelsFirst, plainLayout } from './axis-layout.js';
import type { ComputedTensor, ConversionGraph } from './conversion-graph.js';
import type { GraphNode } from './graph-model.js';
import type { Dimension } from './onnx-graph.js';
import { computed } from './operator.js';

/** Name of the one input of every converted model. */
export const inputName = 'input';

/** What is done inside the graph to a picture of interleaved 8-bit RGB. */
export interface PictureNormalisation {
  readonly channelOrder: 'rgb' | 'bgr';
  /** Subtracted, then divided by, per channel, in the order of `channelOrder`. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

const channels = 3;

/** Declares the input as the graph has it: floats in the graph's own layout. */
export function declareTensorInput(graph: ConversionGraph, node: GraphNode): ComputedTensor {
  const sizes = node.shape('shape');
  const elementType = node.elementType('dtype');
  graph.onnx.addInput(inputName, elementType, [batch(graph), ...namedSizes(sizes.slice(1))]);
  return computed(inputName, plainLayout(sizes.length), elementType);
}

/**
 * Declares the input as uint8 `[batch, height, width, 3]`, what a picture decoder gives, and normalises inside the graph:
 * a quarter of the bytes cross into the runtime, and no loop over pixels is left to JavaScript.
 */
export function declarePictureInput(graph: ConversionGraph, node: GraphNode, normalisation: PictureNormalisation): ComputedTensor {
  const sizes = node.shape('shape');
  if (sizes.length !== 4) throw node.unsupported('a picture input without four axes');
  const graphHasChannelsFirst = sizes[1] === channels;
  const [height, width] = graphHasChannelsFirst ? sizes.slice(2) : sizes.slice(1, 3);
  graph.onnx.addInput(inputName, 'uint8', [batch(graph), ...namedSizes([height!, width!]), channels]);

  const { mean, deviation, channelOrder } = normalisation;
  const perChannel = [1, channels, 1, 1];
  // Bytes are moved before they are widened to floats: four times less memory traffic.
  let value = graph.emit('Transpose', [inputName], { perm: channelsFirst });
  if (channelOrder === 'bgr') value = graph.emit('Gather', [value, graph.int64s([2, 1, 0])], { axis: 1 });
  value = graph.cast(value, 'float32');
  if (mean.some((shift) => shift !== 0)) value = graph.emit('Sub', [value, graph.floats(mean, perChannel)]);
  if (deviation.some((divisor) => divisor !== 1)) {
    value = graph.emit('Mul', [
      value,
      graph.floats(
        deviation.map((divisor) => 1 / divisor),
        perChannel,
      ),
    ]);
  }
  const elementType = node.elementType('dtype');
  if (elementType !== 'float32') value = graph.cast(value, elementType);
  return computed(value, graphHasChannelsFirst ? plainLayout(4) : channelsFirst, elementType);
}

function batch(graph: ConversionGraph): Dimension {
  return graph.options.dynamicBatch ? 'batch' : 1;
}

/** Sizes that vary (-1) get a name each. */
function namedSizes(sizes: readonly number[]): Dimension[] {
  return sizes.map((size, index) => (size < 0 ? `size_${index}` : size));
}
