import { floats, integer, integers, type AttributeValue, type Constant } from './small-graphs.fixture.js';

/** One use of an operator: `x` is the graph's input, all else are constants. */
export interface OperatorCase {
  readonly op: string;
  readonly what?: string;
  readonly x: Constant;
  /** Default: only `x`. */
  readonly inputs?: readonly ('x' | Constant)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Default 1. */
  readonly outputs?: number;
}

/** Numbers between -3 and 3 that are all different and no pattern fits by chance. */
function spread(count: number, from = -3, to = 3): number[] {
  return Array.from({ length: count }, (_, index) => from + (to - from) * ((index * 0.618034 + 0.137) % 1));
}

function random(shape: readonly number[], from = -3, to = 3): Constant {
  const count = shape.reduce((product, size) => product * size, 1);
  return floats(shape, spread(count, from, to));
}

// A picture of 5×6 pixels with 4 channels.
const picture = random([1, 5, 6, 4]);
const positive = random([1, 5, 6, 4], 0.1, 3);
const fraction = random([1, 5, 6, 4], -0.9, 0.9);
const matrix = random([3, 4]);
const wholeNumbers: Constant = { type: 'int32', shape: [6], values: [-7, -2, 0, 3, 8, 9] };
const perChannel = random([4]);
const perChannelPositive = random([4], 0.5, 2);

const nhwc = { data_format: 'NHWC' } as const;
const sliding = { ...nhwc, strides: [1, 1, 1, 1], dilations: [1, 1, 1, 1], padding: 'SAME' } as const;
const bias = random([6]);
const kernel = random([3, 3, 4, 6], -0.5, 0.5);

const unary = (op: string, x = picture, attributes: OperatorCase['attributes'] = {}): OperatorCase => ({ op, x, attributes });
const pair = (op: string, right: Constant = perChannel, x = picture): OperatorCase => ({ op, x, inputs: ['x', right] });
const along = (op: string, axes: Constant, attributes: OperatorCase['attributes'] = {}): OperatorCase => ({
  op,
  x: picture,
  inputs: ['x', axes],
  attributes,
});

const convolutions: readonly OperatorCase[] = [
  { op: 'Conv2D', x: picture, inputs: ['x', kernel], attributes: sliding },
  { op: 'Conv2D', what: 'with strides of 2', x: picture, inputs: ['x', kernel], attributes: { ...sliding, strides: [1, 2, 2, 1] } },
  { op: 'Conv2D', what: 'without padding', x: picture, inputs: ['x', kernel], attributes: { ...sliding, padding: 'VALID' } },
  { op: 'Conv2D', what: 'dilated', x: picture, inputs: ['x', kernel], attributes: { ...sliding, dilations: [1, 2, 2, 1] } },
  {
    op: 'Conv2D',
    what: 'with explicit padding',
    x: picture,
    inputs: ['x', kernel],
    attributes: { ...sliding, padding: 'EXPLICIT', explicit_paddings: [0, 0, 1, 2, 0, 1, 0, 0] },
  },
  ...(['Relu', 'Relu6', 'Elu', 'Sigmoid', 'LeakyRelu'] as const).map((activation) => ({
    op: '_FusedConv2D',
    what: `with bias and ${activation}`,
    x: picture,
    inputs: ['x' as const, kernel, bias],
    attributes: { ...sliding, num_args: 1, fused_ops: ['BiasAdd', activation], leakyrelu_alpha: { float: 0.25 } },
  })),
  {
    op: '_FusedConv2D',
    what: 'with bias and Prelu',
    x: picture,
    inputs: ['x', kernel, bias, random([6], 0, 1)],
    attributes: { ...sliding, num_args: 2, fused_ops: ['BiasAdd', 'Prelu'] },
  },
  { op: 'DepthwiseConv2dNative', x: picture, inputs: ['x', random([3, 3, 4, 2])], attributes: sliding },
  {
    op: 'FusedDepthwiseConv2dNative',
    x: picture,
    inputs: ['x', random([3, 3, 4, 1]), perChannel],
    attributes: { ...sliding, num_args: 1, fused_ops: ['BiasAdd', 'Relu6'] },
  },
  ...[
    { what: 'by 2 with a kernel of 2', size: 2, kernelSize: 2, padding: 'SAME' },
    { what: 'by 2 with a kernel of 3', size: 2, kernelSize: 3, padding: 'SAME' },
    { what: 'by 2 with a kernel of 4', size: 2, kernelSize: 4, padding: 'SAME' },
    { what: 'by 3 with a kernel of 2', size: 3, kernelSize: 2, padding: 'SAME' },
    { what: 'by 2 with a kernel of 3 and no padding', size: 2, kernelSize: 3, padding: 'VALID' },
  ].map(({ what, size, kernelSize, padding }) => {
    const grown = (side: number) => (padding === 'SAME' ? side * size : (side - 1) * size + kernelSize);
    return {
      op: 'Conv2DBackpropInput',
      what,
      x: picture,
      inputs: [integers(1, grown(5), grown(6), 3), random([kernelSize, kernelSize, 3, 4]), 'x' as const],
      attributes: { ...sliding, strides: [1, size, size, 1], padding },
    };
  }),
  {
    op: 'Conv2DBackpropInput',
    what: 'to an odd size',
    x: picture,
    inputs: [integers(1, 9, 11, 3), random([3, 3, 3, 4]), 'x'],
    attributes: { ...sliding, strides: [1, 2, 2, 1] },
  },
  ...(['MaxPool', 'AvgPool'] as const).flatMap((op) => [
    { op, x: picture, attributes: { ...nhwc, ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: 'VALID' } },
    { op, what: 'padded', x: picture, attributes: { ...nhwc, ksize: [1, 3, 3, 1], strides: [1, 2, 2, 1], padding: 'SAME' } },
  ]),
  ...(['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'] as const).map((op) => ({
    op,
    x: picture,
    inputs: ['x' as const, perChannel, perChannel, perChannel, perChannelPositive],
    attributes: { ...nhwc, epsilon: { float: 0.001 }, is_training: false },
  })),
];

const resizes: readonly { what: string; size: Constant; attributes: Readonly<Record<string, boolean>> }[] = [
  { what: 'larger', size: integers(9, 13), attributes: {} },
  { what: 'larger with aligned corners', size: integers(9, 13), attributes: { align_corners: true } },
  { what: 'larger with half pixels', size: integers(9, 13), attributes: { half_pixel_centers: true } },
  { what: 'doubled with half pixels', size: integers(10, 12), attributes: { half_pixel_centers: true } },
  { what: 'smaller', size: integers(3, 4), attributes: {} },
  { what: 'smaller with half pixels', size: integers(3, 4), attributes: { half_pixel_centers: true } },
];

const resampling: readonly OperatorCase[] = [
  ...['ResizeBilinear', 'ResizeNearestNeighbor'].flatMap((op) =>
    resizes.map(({ what, size, attributes }) => ({ op, what, x: picture, inputs: ['x' as const, size], attributes })),
  ),
  { op: 'DepthToSpace', x: random([1, 3, 4, 12]), attributes: { ...nhwc, block_size: 2 } },
];

const elementwise: readonly OperatorCase[] = [
  ...['Relu', 'Elu', 'Selu', 'Sigmoid', 'Tanh', 'Softplus', 'Softmax', 'LogSoftmax', 'Exp', 'Expm1', 'Abs', 'Neg', 'Sign'].map((op) =>
    unary(op),
  ),
  ...['Floor', 'Ceil', 'Round', 'Square', 'Sin', 'Cos', 'Tan', 'Atan', 'Erf', 'IsNan', 'ZerosLike', 'OnesLike'].map((op) => unary(op)),
  ...['Log', 'Log1p', 'Sqrt', 'Rsqrt', 'Reciprocal'].map((op) => unary(op, positive)),
  ...['Asin', 'Acos'].map((op) => unary(op, fraction)),
  ...['Identity', 'Snapshot', 'StopGradient'].map((op) => unary(op)),
  unary('Round', floats([6], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])),
  unary('Relu6', random([1, 5, 6, 4], -8, 8)),
  unary('LeakyRelu', picture, { alpha: { float: 0.3 } }),
  unary('Cast', picture, { SrcT: { type: 'DT_FLOAT' }, DstT: { type: 'DT_INT32' } }),
  unary('Cast', wholeNumbers, { SrcT: { type: 'DT_INT32' }, DstT: { type: 'DT_FLOAT' } }),
  unary('Cast', floats([4], [0, 1, -2, 0.5]), { SrcT: { type: 'DT_FLOAT' }, DstT: { type: 'DT_BOOL' } }),
  { op: 'ClipByValue', x: picture, inputs: ['x', floats([], [-1]), floats([], [1.5])] },
  { op: 'AddN', x: picture, inputs: ['x', 'x', random([1, 5, 6, 4])], attributes: { N: 3 } },
];

const binary: readonly OperatorCase[] = [
  ...['Add', 'AddV2', 'Sub', 'Mul', 'Div', 'RealDiv', 'Minimum', 'Maximum', 'SquaredDifference', 'FloorDiv', 'FloorMod'].flatMap((op) => [
    pair(op),
    { ...pair(op, floats([], [0.7])), what: 'with a number' },
    { ...pair(op, random([1, 5, 6, 4], 0.2, 2)), what: 'with a tensor of the same shape' },
    { ...pair(op, random([5, 1, 1])), what: 'with a column' },
  ]),
  { op: 'Sub', what: 'from a constant', x: picture, inputs: [perChannel, 'x'] },
  { op: 'Sub', what: 'from a constant with more axes', x: matrix, inputs: [random([2, 3, 4]), 'x'] },
  { ...pair('FloorDiv', { type: 'int32', shape: [], values: [3] }, wholeNumbers), what: 'of whole numbers' },
  { ...pair('FloorMod', { type: 'int32', shape: [], values: [-4] }, wholeNumbers), what: 'of whole numbers' },
  { ...pair('DivNoNan', floats([4], [2, 0, -1, 0.5])) },
  { ...pair('Pow', floats([], [1.5]), positive) },
  { ...pair('Prelu', random([4], 0, 1)) },
  { ...pair('BiasAdd'), attributes: nhwc },
  { op: 'Atan2', x: floats([9], [1, 1, -1, -1, 0, 0, 1, -1, 0.3]), inputs: ['x', floats([9], [1, -1, -1, 1, 1, -1, 0, 0, -2])] },
  ...['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'].map((op) => pair(op, floats([4], [0, 1, -1, 0.5]))),
];

const reductions: readonly OperatorCase[] = [
  ...['Mean', 'Max', 'Min', 'Prod', 'Sum'].flatMap((op) => [
    along(op, integers(1, 2), { keep_dims: false }),
    { ...along(op, integers(1, 2), { keep_dims: true }), what: 'keeping the axes' },
    { ...along(op, integers(-1)), what: 'along the last axis' },
    { ...along(op, integers(0)), what: 'along the first axis' },
  ]),
  along('ArgMax', integer(-1)),
  along('ArgMin', integer(1)),
  along('Cumsum', integer(1), { exclusive: true, reverse: true }),
];

const shapes: readonly OperatorCase[] = [
  along('Reshape', integers(6, -1)),
  along('Reshape', integers(1, 120)),
  along('Transpose', integers(0, 3, 1, 2)),
  along('Transpose', integers(2, 1, 3, 0)),
  along('ExpandDims', integer(1)),
  along('ExpandDims', integer(-1)),
  unary('Squeeze', random([1, 3, 1, 4]), { squeeze_dims: [2] }),
  { ...unary('Squeeze', random([1, 3, 1, 4])), what: 'of all axes that can be' },
  along('Pad', { type: 'int32', shape: [4, 2], values: [0, 0, 1, 2, 0, 1, 0, 3] }),
  { op: 'PadV2', x: picture, inputs: ['x', { type: 'int32', shape: [4, 2], values: [0, 0, 1, 2, 0, 1, 0, 0] }, floats([], [-1.5])] },
  { ...along('MirrorPad', { type: 'int32', shape: [4, 2], values: [0, 0, 1, 2, 2, 1, 0, 0] }), attributes: { mode: 'REFLECT' } },
  unary('Shape'),
  unary('Size'),
  { op: 'BroadcastTo', x: random([1, 5, 1, 4]), inputs: ['x', integers(2, 5, 3, 4)] },
  along('Tile', integers(1, 2, 1, 3)),
];

const joining: readonly OperatorCase[] = [
  { op: 'ConcatV2', x: picture, inputs: ['x', random([1, 5, 6, 2]), integer(-1)], attributes: { N: 2 } },
  { op: 'ConcatV2', what: 'along the height', x: picture, inputs: ['x', random([1, 3, 6, 4]), 'x', integer(1)], attributes: { N: 3 } },
  { op: 'Pack', x: picture, inputs: ['x', picture, 'x'], attributes: { N: 3, axis: 1 } },
  { op: 'Pack', what: 'along a new last axis', x: matrix, inputs: ['x', matrix], attributes: { N: 2, axis: -1 } },
  { op: 'Unpack', x: picture, attributes: { num: 4, axis: -1 }, outputs: 4 },
  { op: 'Split', x: picture, inputs: [integer(3), 'x'], attributes: { num_split: 2 }, outputs: 2 },
  { op: 'SplitV', x: picture, inputs: ['x', integers(1, 3, 2), integer(2)], attributes: { num_split: 3 }, outputs: 3 },
  { op: 'SplitV', what: 'with a rest', x: picture, inputs: ['x', integers(1, -1), integer(3)], attributes: { num_split: 2 }, outputs: 2 },
];

const bounds = (begin: readonly number[], end: readonly number[], strides: readonly number[]) => [
  'x' as const,
  integers(...begin),
  integers(...end),
  integers(...strides),
];

const selection: readonly OperatorCase[] = [
  { op: 'TopKV2', x: matrix, inputs: ['x', integer(2)], attributes: { sorted: true }, outputs: 2 },
  { op: 'GatherV2', x: picture, inputs: ['x', integers(3, 0, 0), integer(3)] },
  { op: 'GatherV2', what: 'by a matrix', x: matrix, inputs: ['x', { type: 'int32', shape: [2, 2], values: [2, 0, 1, 1] }, integer(0)] },
  { op: 'GatherNd', x: picture, inputs: ['x', { type: 'int32', shape: [2, 4], values: [0, 1, 2, 3, 0, 4, 5, 0] }] },
  { op: 'GatherNd', what: 'of parts', x: picture, inputs: ['x', { type: 'int32', shape: [3, 2], values: [0, 1, 0, 4, 0, 0] }] },
  ...(['Select', 'SelectV2'] as const).map((op) => ({
    op,
    x: matrix,
    inputs: [{ type: 'bool' as const, shape: [3, 4], values: [1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0] }, 'x' as const, random([3, 4])],
  })),
  { op: 'StridedSlice', x: picture, inputs: bounds([0, 1, 0, 1], [1, 4, 6, 4], [1, 2, 1, 1]) },
  {
    op: 'StridedSlice',
    what: 'with open bounds, one element and a new axis',
    x: picture,
    inputs: bounds([0, 0, 2, 1], [0, 0, 3, 0], [1, 1, 1, 1]),
    attributes: { begin_mask: 1, end_mask: 9, new_axis_mask: 2, shrink_axis_mask: 4 },
  },
  {
    op: 'StridedSlice',
    what: 'backwards from the end',
    x: picture,
    inputs: bounds([0, 0, -1, 0], [1, 0, 0, 4], [1, -1, -2, 1]),
    attributes: { begin_mask: 2, end_mask: 2 },
  },
  {
    op: 'StridedSlice',
    what: 'of the last axis alone',
    x: picture,
    inputs: bounds([0, -1], [0, 0], [1, 1]),
    attributes: { ellipsis_mask: 1, shrink_axis_mask: 2 },
  },
  { op: 'Slice', x: picture, inputs: ['x', integers(0, 1, 2, 0), integers(1, 3, -1, 2)] },
];

const matrices: readonly OperatorCase[] = [
  { op: 'MatMul', x: matrix, inputs: ['x', random([4, 5])], attributes: { transpose_a: false, transpose_b: false } },
  { op: 'MatMul', what: 'turned', x: matrix, inputs: ['x', random([5, 3])], attributes: { transpose_a: true, transpose_b: true } },
  {
    op: '_FusedMatMul',
    x: matrix,
    inputs: ['x', random([4, 5]), random([5])],
    attributes: { transpose_a: false, transpose_b: false, num_args: 1, fused_ops: ['BiasAdd', 'Relu'] },
  },
  ...(['BatchMatMul', 'BatchMatMulV2'] as const).map((op) => ({
    op,
    x: random([2, 3, 4]),
    inputs: ['x' as const, random([2, 5, 4])],
    attributes: { adj_x: false, adj_y: true },
  })),
];

/** At least one use of every operator that takes the graph's input. */
export const operatorCases: readonly OperatorCase[] = [
  ...convolutions,
  ...resampling,
  ...elementwise,
  ...binary,
  ...reductions,
  ...shapes,
  ...joining,
  ...selection,
  ...matrices,
];
