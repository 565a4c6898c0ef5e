import type { Size } from '../converted-tensor.js';
import type { GraphNode } from '../graph-node.js';
import type { NodeAttribute } from '../onnx-graph.js';
import type { OperatorCall } from '../operator.js';

/** Height and width. */
type Pair = readonly [number, number];

/** No picture has more; what a file says beyond it is a lie, and the runtime must not allocate for it. */
const largestStep = 16_384;

/**
 * Height and width of a list that also has batch and channels, as TensorFlow writes strides and windows.
 * @throws AppError `model_error` for steps that are none, e.g. 0, by which the runtime would divide
 */
export function spatialPair(call: OperatorCall, attribute: string): Pair {
  const list = call.node.integers(attribute);
  const [height = 1, width = 1] = list.length === 4 ? list.slice(1, 3) : [];
  if (!isStep(height) || !isStep(width)) throw call.node.unsupported(`${attribute} [${list.join(', ')}]`);
  return [height, width];
}

function isStep(value: number): boolean {
  return value >= 1 && value <= largestStep;
}

/** Channels come last in every graph that TensorFlow.js is given. @throws AppError `model_error` for another order */
export function requireChannelsLast({ node }: OperatorCall): void {
  const format = node.text('data_format');
  if (format !== '' && format !== 'NHWC') throw node.unsupported(`data format "${format}"`);
}

interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
}

interface Padding {
  readonly attributes: Record<string, NodeAttribute>;
  /** Size of the result along height (0) or width (1). */
  readonly outputSize: (size: Size, axis: 0 | 1) => Size;
}

/** Padding of a window that slides over a picture. @throws AppError `model_error` for one that is not known */
export function paddingOf({ node }: OperatorCall, { kernel, strides, dilations }: Window): Padding {
  const padding = node.text('padding');
  const withPads = (size: Size, axis: 0 | 1, pads: number): Size => {
    if (size === undefined) return undefined;
    return Math.max(0, Math.floor((size + pads - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis]) + 1);
  };
  if (padding === 'SAME') {
    return {
      attributes: dilations.every((step) => step === 1)
        ? { auto_pad: 'SAME_UPPER' }
        : { pads: dilatedPads(node, { kernel, strides, dilations }) },
      outputSize: (size, axis) => (size === undefined ? undefined : Math.ceil(size / strides[axis])),
    };
  }
  if (padding === 'VALID') return { attributes: {}, outputSize: (size, axis) => withPads(size, axis, 0) };
  const [, , top = -1, bottom = -1, left = -1, right = -1] = node.integers('explicit_paddings');
  if (![top, bottom, left, right].every((amount) => amount >= 0 && amount <= largestStep)) throw node.unsupported(`padding "${padding}"`);
  return {
    attributes: { pads: [top, left, bottom, right] },
    outputSize: (size, axis) => withPads(size, axis, axis === 0 ? top + bottom : left + right),
  };
}

/** What "SAME" means for a dilated window, spelt out: the runtime can't work it out itself. The greater half comes after. */
function dilatedPads(node: GraphNode, { kernel, strides, dilations }: Window): number[] {
  if (strides.some((step) => step !== 1)) throw node.unsupported('dilation together with strides');
  const totals = kernel.map((size, axis) => (size - 1) * dilations[axis]!);
  return [...totals.map((total) => Math.floor(total / 2)), ...totals.map((total) => Math.ceil(total / 2))];
}
