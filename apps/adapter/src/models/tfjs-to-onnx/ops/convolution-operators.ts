import { channelsFirst } from '../axis-layout.js';
import { transposeConstant, type ConstantTensor } from '../constant-tensor.js';
import { computed, entriesOf, sizesOf, type Tensor } from '../converted-tensor.js';
import { input, knownInput, type OperatorCall, type OperatorTable } from '../operator.js';
import { quantiseWeights } from '../quantisation.js';
import { applyFusedActivation, hasFusedBias } from './activation-functions.js';
import { paddingOf, requireChannelsLast, spatialPair } from './window-attributes.js';

function convolution(call: OperatorCall): Tensor {
  const kernel = knownInput(call, 1, 'a kernel');
  kernelSizes(call, kernel);
  // TensorFlow [height, width, in, out] → ONNX [out, in, height, width].
  return convolve(call, transposeConstant(kernel, [3, 2, 0, 1]), 1);
}

function depthwiseConvolution(call: OperatorCall): Tensor {
  const kernel = knownInput(call, 1, 'a kernel');
  const [height, width, channels, multiplier] = kernelSizes(call, kernel);
  // TensorFlow [height, width, channels, multiplier] → ONNX [channels · multiplier, 1, height, width], one group a channel.
  const weights = transposeConstant(kernel, [2, 3, 0, 1]);
  return convolve(call, { ...weights, shape: [channels * multiplier, 1, height, width] }, channels);
}

function convolve(call: OperatorCall, weights: ConstantTensor, groups: number): Tensor {
  const { node, graph } = call;
  requireChannelsLast(call);
  const tensor = input(call, 0);
  const [outputs, , kernelHeight, kernelWidth] = weights.shape as [number, number, number, number];
  const [batch, height, width] = sizesOf(tensor);
  const window = {
    kernel: [kernelHeight, kernelWidth],
    strides: spatialPair(call, 'strides'),
    dilations: spatialPair(call, 'dilations'),
  } as const;
  const padding = paddingOf(call, window);
  const picture = graph.quantised(graph.inLayout(tensor, channelsFirst), `${node.name}/in`);
  const inputs = [picture, weightValue(call, weights)];
  if (hasFusedBias(call)) inputs.push(graph.plain(knownInput(call, 2, 'a bias')));
  const attributes = {
    strides: window.strides,
    dilations: window.dilations,
    kernel_shape: window.kernel,
    group: groups,
    ...padding.attributes,
  };
  const product = graph.quantised(graph.emit('Conv', inputs, attributes, node.name), `${node.name}/out`);
  return computed(applyFusedActivation(call, product), channelsFirst, 'float32', [
    batch,
    padding.outputSize(height, 0),
    padding.outputSize(width, 1),
    outputs,
  ]);
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

/** The four sizes of a kernel. An empty one would make the runtime divide by 0. */
function kernelSizes(call: OperatorCall, { shape }: ConstantTensor): [number, number, number, number] {
  const [height = 0, width = 0, inputs = 0, outputs = 0] = shape;
  if (shape.length !== 4 || shape.includes(0)) throw call.node.unsupported(`a kernel of shape [${shape.join(', ')}]`);
  return [height, width, inputs, outputs];
}

/**
 * A convolution backwards, which enlarges a picture. Its result has the size that its first input says; of the values beyond what
 * the kernel covers, TensorFlow cuts the smaller half in front.
 */
function transposedConvolution(call: OperatorCall): Tensor {
  const { node, graph } = call;
  requireChannelsLast(call);
  const kernel = knownInput(call, 1, 'a kernel');
  const [kernelHeight, kernelWidth, outputs] = kernelSizes(call, kernel);
  const tensor = input(call, 2);
  const [, height, width] = entriesOf(input(call, 0)) ?? [];
  if (height === undefined || width === undefined) throw node.unsupported('a target size that the graph computes');
  const window = { kernel: [kernelHeight, kernelWidth], strides: spatialPair(call, 'strides'), dilations: [1, 1] } as const;
  if (spatialPair(call, 'dilations').some((step) => step !== 1)) throw node.unsupported('dilation');
  if (node.text('padding') === 'EXPLICIT') throw node.unsupported('explicit padding');
  // What the convolution forwards makes of the target must be the size of the input.
  const padding = paddingOf(call, window);
  const axes = ([0, 1] as const).map((axis) => {
    const target = [height, width][axis]!;
    const size = padding.outputSize(target, axis)!;
    const excess = (size - 1) * window.strides[axis] + window.kernel[axis] - target;
    return { front: Math.floor(Math.max(0, excess) / 2), back: Math.ceil(Math.max(0, excess) / 2), missing: Math.max(0, -excess) };
  });
  // TensorFlow [height, width, out, in] → ONNX [in, out, height, width].
  const weights = graph.onnx.addInitializer(transposeConstant(kernel, [3, 2, 0, 1]), `${node.name}/weights`);
  const product = graph.emit('ConvTranspose', [graph.inLayout(tensor, channelsFirst), weights], {
    strides: window.strides,
    kernel_shape: window.kernel,
    pads: [...axes.map(({ front }) => front), ...axes.map(({ back }) => back)],
    output_padding: axes.map(({ missing }) => missing),
  });
  return computed(product, channelsFirst, 'float32', [sizesOf(tensor)[0], height, width, outputs]);
}

function pool(onnxOp: string): (call: OperatorCall) => Tensor {
  return (call) => {
    const { graph } = call;
    requireChannelsLast(call);
    const tensor = input(call, 0);
    const window = { kernel: spatialPair(call, 'ksize'), strides: spatialPair(call, 'strides'), dilations: [1, 1] } as const;
    const padding = paddingOf(call, window);
    const attributes = { kernel_shape: window.kernel, strides: window.strides, ...padding.attributes };
    const [batch, height, width, channels] = sizesOf(tensor);
    const sizes = [batch, padding.outputSize(height, 0), padding.outputSize(width, 1), channels];
    return computed(graph.emit(onnxOp, [graph.inLayout(tensor, channelsFirst)], attributes), channelsFirst, 'float32', sizes);
  };
}

/** Scale and shift per channel, with statistics from training. */
function batchNormalisation(call: OperatorCall): Tensor {
  const { node, graph } = call;
  requireChannelsLast(call);
  if (node.flag('is_training')) throw node.unsupported('training');
  const tensor = input(call, 0);
  const statistics = [1, 2, 3, 4].map((index) => graph.plain(input(call, index)));
  const epsilon = { float: node.float('epsilon', 1e-4) };
  const value = graph.emit('BatchNormalization', [graph.inLayout(tensor, channelsFirst), ...statistics], { epsilon });
  return computed(value, channelsFirst, tensor.elementType, sizesOf(tensor));
}

/** Operators that look at a picture through a window of weights, or channel by channel. */
export const convolutionOperators: OperatorTable = {
  Conv2D: convolution,
  _FusedConv2D: convolution,
  DepthwiseConv2dNative: depthwiseConvolution,
  FusedDepthwiseConv2dNative: depthwiseConvolution,
  Conv2DBackpropInput: transposedConvolution,
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  FusedBatchNorm: batchNormalisation,
  FusedBatchNormV2: batchNormalisation,
  FusedBatchNormV3: batchNormalisation,
};
