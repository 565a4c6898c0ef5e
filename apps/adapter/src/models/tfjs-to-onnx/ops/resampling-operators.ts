import { channelsFirst } from '../axis-layout.js';
import { computed, entriesOf, sizesOf, type Size, type Tensor } from '../converted-tensor.js';
import type { NodeAttribute } from '../onnx-graph.js';
import { input, type OperatorCall, type OperatorTable } from '../operator.js';
import { requireChannelsLast } from './window-attributes.js';

type Coordinates = 'align_corners' | 'half_pixel' | 'asymmetric';

function resize(attributesFor: (coordinates: Coordinates) => Record<string, NodeAttribute>): (call: OperatorCall) => Tensor {
  return (call) => {
    const { node, graph } = call;
    const tensor = input(call, 0);
    const target = input(call, 1);
    const picture = graph.inLayout(tensor, channelsFirst);
    const batchAndChannels = graph.emit('Shape', [picture], { start: 0, end: 2 });
    const wanted = graph.emit('Concat', [batchAndChannels, graph.sizes(target)], { axis: 0 });
    const coordinates = node.flag('align_corners') ? 'align_corners' : node.flag('half_pixel_centers') ? 'half_pixel' : 'asymmetric';
    const attributes = { coordinate_transformation_mode: coordinates, ...attributesFor(coordinates) };
    // Region of interest and scales are left out: the target size decides.
    const resized = graph.emit('Resize', [picture, '', '', wanted], attributes);
    const [batch, , , channels] = sizesOf(tensor);
    const [height, width] = entriesOf(target) ?? [];
    return computed(resized, channelsFirst, 'float32', [batch, height, width, channels]);
  };
}

/** Lays the channels of a pixel out as a block of pixels. */
function depthToSpace(call: OperatorCall): Tensor {
  const { node, graph } = call;
  requireChannelsLast(call);
  const block = node.integer('block_size', 0);
  if (!(block >= 1 && block <= 64)) throw node.unsupported(`a block of ${block}`);
  const tensor = input(call, 0);
  const value = graph.emit('DepthToSpace', [graph.inLayout(tensor, channelsFirst)], { blocksize: block, mode: 'DCR' });
  const [batch, height, width, channels] = sizesOf(tensor);
  const times = (size: Size, factor: number) => (size === undefined ? undefined : size * factor);
  const sizes = [batch, times(height, block), times(width, block), times(channels, 1 / block ** 2)];
  return computed(value, channelsFirst, tensor.elementType, sizes);
}

/** Operators that change the size of a picture. */
export const resamplingOperators: OperatorTable = {
  ResizeBilinear: resize(() => ({ mode: 'linear' })),
  // TensorFlow takes the pixel left of a coordinate, but the nearest one when corners are aligned, and ⌊x⌋ of (x + ½)·s with half pixels.
  ResizeNearestNeighbor: resize((coordinates) => ({
    mode: 'nearest',
    nearest_mode: coordinates === 'asymmetric' ? 'floor' : 'round_prefer_ceil',
  })),
  DepthToSpace: depthToSpace,
};
