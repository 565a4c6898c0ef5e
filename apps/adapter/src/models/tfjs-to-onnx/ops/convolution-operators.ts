import { channelsFirst } from '../axis-layout.js';
import { transposeConstant, type ConstantTensor } from '../constant-tensor.js';
import type { NodeAttribute } from '../onnx-graph.js';
import { computed, input, knownInput, type OperatorCall, type OperatorTable } from '../operator.js';
import { quantiseWeights } from '../quantisation.js';
import type { Tensor } from '../conversion-graph.js';
import { applyFusedActivation, hasFusedBias } from './activation-functions.js';

function convolution(call: OperatorCall): Tensor {
  const kernel = knownInput(call, 1);
  const [, , , outputs] = kernelSizes(call, kernel);
  // TensorFlow [height, width, in, out] → ONNX [out, in, height, width].
  const weights = transposeConstant(kernel, [3, 2, 0, 1]);
  return convolve(call, { ...weights, shape: [outputs, ...weights.shape.slice(1)] }, 1);
}

function depthwiseConvolution(call: OperatorCall): Tensor {
  const kernel = knownInput(call, 1);
  const [height, width, channels, multiplier] = kernelSizes(call, kernel);
  // TensorFlow [height, width, channels, multiplier] → ONNX [channels · multiplier, 1, height, width], one group a channel.
  const weights = transposeConstant(kernel, [2, 3, 0, 1]);
  return convolve(call, { ...weights, shape: [channels * multiplier, 1, height, width] }, channels);
}

function convolve(call: OperatorCall, weights: ConstantTensor, groups: number): Tensor {
  const { node, graph } = call;
  const picture = graph.quantised(graph.inLayout(input(call, 0), channelsFirst), `${node.name}/in`);
  const inputs = [picture, weightValue(call, weights)];
  if (hasFusedBias(call)) inputs.push(graph.plain(knownInput(call, 2)));
  const attributes = {
    strides: spatial(node.integers('strides')),
    dilations: spatial(node.integers('dilations')),
    kernel_shape: weights.shape.slice(2),
    group: groups,
    ...paddingOf(call),
  };
  const product = graph.quantised(graph.emit('Conv', inputs, attributes, node.name), `${node.name}/out`);
  return computed(applyFusedActivation(call, product), channelsFirst, 'float32');
}

/** The weights as float, or as int8 where the convolution's input has a range. */
function weightValue({ node, graph }: OperatorCall, weights: ConstantTensor): string {
  if (!graph.options.activationRanges?.has(`${node.name}/in`)) return graph.onnx.addInitializer(weights, `${node.name}/weights`);
  const { quantised, scales } = quantiseWeights(weights);
  const zeroPoints: ConstantTensor = { elementType: 'int8', shape: [scales.length], data: new Int8Array(scales.length) };
  return graph.emit(
    'DequantizeLinear',
    [
      graph.onnx.addInitializer(quantised, `${node.name}/weights`),
      graph.onnx.addInitializer({ elementType: 'float32', shape: [scales.length], data: scales }, `${node.name}/scales`),
      graph.onnx.addInitializer(zeroPoints, `${node.name}/zero_points`),
    ],
    { axis: 0 },
  );
}

function kernelSizes(call: OperatorCall, kernel: ConstantTensor): [number, number, number, number] {
  const [height, width, inputs, outputs] = kernel.shape;
  if (height === undefined || width === undefined || inputs === undefined || outputs === undefined)
    throw call.node.unsupported('a kernel without four axes');
  return [height, width, inputs, outputs];
}

/** Height and width of a list that also has batch and channels, as TensorFlow writes strides and windows. */
function spatial(sizes: readonly number[]): number[] {
  return sizes.length === 4 ? sizes.slice(1, 3) : [1, 1];
}

function paddingOf({ node }: OperatorCall): Record<string, NodeAttribute> {
  const padding = node.text('padding');
  if (padding === 'SAME') return { auto_pad: 'SAME_UPPER' };
  if (padding === 'VALID') return {};
  const [, , top, bottom, left, right] = node.integers('explicit_paddings');
  if (top === undefined || bottom === undefined || left === undefined || right === undefined)
    throw node.unsupported(`padding "${padding}"`);
  return { pads: [top, left, bottom, right] };
}

function pool(onnxOp: string): (call: OperatorCall) => Tensor {
  return (call) => {
    const { node, graph } = call;
    const attributes = { kernel_shape: spatial(node.integers('ksize')), strides: spatial(node.integers('strides')), ...paddingOf(call) };
    return computed(graph.emit(onnxOp, [graph.inLayout(input(call, 0), channelsFirst)], attributes), channelsFirst, 'float32');
  };
}

function resize(attributes: Record<string, NodeAttribute>): (call: OperatorCall) => Tensor {
  return (call) => {
    const { node, graph } = call;
    const picture = graph.inLayout(input(call, 0), channelsFirst);
    const batchAndChannels = graph.emit('Shape', [picture], { start: 0, end: 2 });
    const target = graph.emit('Concat', [batchAndChannels, graph.sizes(input(call, 1))], { axis: 0 });
    const coordinates = node.flag('align_corners') ? 'align_corners' : node.flag('half_pixel_centers') ? 'half_pixel' : 'asymmetric';
    // Region of interest and scales are left out: the target size decides.
    const resized = graph.emit('Resize', [picture, '', '', target], { coordinate_transformation_mode: coordinates, ...attributes });
    return computed(resized, channelsFirst, 'float32');
  };
}

/** Operators that slide over a picture. */
export const convolutionOperators: OperatorTable = {
  Conv2D: convolution,
  _FusedConv2D: convolution,
  DepthwiseConv2dNative: depthwiseConvolution,
  FusedDepthwiseConv2dNative: depthwiseConvolution,
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  ResizeBilinear: resize({ mode: 'linear' }),
  ResizeNearestNeighbor: resize({ mode: 'nearest', nearest_mode: 'floor' }),
};
