import { isPlain, permutationBetween, plainLayout, sameLayout, type AxisLayout } from './axis-layout.js';
import { numbersOf, onnxElementType, transposeConstant, type ElementType } from './constant-tensor.js';
import { rankOf, type KnownTensor, type Tensor } from './converted-tensor.js';
import { OnnxGraph, type NodeAttribute } from './onnx-graph.js';
import { activationQuantisation, type ActivationRanges } from './quantisation.js';

interface ConversionOptions {
  /** Lets the first dimension vary: a reshape to `[1, …]` then keeps the batch instead. */
  readonly dynamicBatch: boolean;
  /** Present: convolutions get int8 weights and uint8 activations, with these ranges. */
  readonly activationRanges?: ActivationRanges | undefined;
}

/**
 * The ONNX graph while it grows, in terms of TensorFlow tensors: puts a tensor into the layout an operator wants,
 * makes small constants, inserts quantisation. What was made once is used again.
 */
export class ConversionGraph {
  readonly onnx = new OnnxGraph();
  private readonly made = new Map<string, string>();

  constructor(readonly options: ConversionOptions) {}

  /** Adds a node with one output and returns its name. */
  emit(op: string, inputs: readonly string[], attributes: Readonly<Record<string, NodeAttribute>> = {}, hint = op): string {
    return this.onnx.addNode({ op, inputs, attributes, hint })[0]!;
  }

  emitMany(op: string, inputs: readonly string[], attributes: Readonly<Record<string, NodeAttribute>>, outputs: number): string[] {
    return this.onnx.addNode({ op, inputs, attributes, outputs });
  }

  /** The ONNX value of a tensor with its axes in the wanted layout; data moves only when it has to. */
  inLayout(tensor: Tensor, wanted: AxisLayout): string {
    if (tensor.kind === 'known') return this.knownInLayout(tensor, wanted);
    if (sameLayout(tensor.layout, wanted)) return tensor.value;
    return this.once(`${tensor.value}|${wanted.join()}`, () =>
      this.emit('Transpose', [tensor.value], { perm: permutationBetween(tensor.layout, wanted) }),
    );
  }

  /** The ONNX value of a tensor with its axes in TensorFlow's order. */
  plain(tensor: Tensor): string {
    return this.inLayout(tensor, plainLayout(rankOf(tensor)));
  }

  /** The ONNX value of a tensor as it happens to lie; `layout` of the tensor says how. */
  asItLies(tensor: Tensor): string {
    return tensor.kind === 'computed' ? tensor.value : this.plain(tensor);
  }

  /** A tensor used as a shape or a list of sizes, as int64. */
  sizes(tensor: Tensor): string {
    if (tensor.kind === 'known') return this.int64s(numbersOf(tensor));
    return tensor.elementType === 'int64' ? this.plain(tensor) : this.cast(this.plain(tensor), 'int64');
  }

  cast(value: string, to: ElementType): string {
    return this.emit('Cast', [value], { to: onnxElementType[to] });
  }

  int64s(values: readonly number[]): string {
    return this.onnx.addInitializer({ elementType: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) }, 'sizes');
  }

  /** A float constant; a scalar unless a shape is given. */
  floats(values: readonly number[], shape: readonly number[] = []): string {
    return this.onnx.addInitializer({ elementType: 'float32', shape, data: Float32Array.from(values) }, 'floats');
  }

  /**
   * Rounds an activation to uint8 and back, which the runtime fuses with the convolution beside it into an int8 one.
   * Without a range for `place` the value stays as it is.
   */
  quantised(value: string, place: string): string {
    const range = this.options.activationRanges?.get(place);
    if (!range) return value;
    return this.once(`quantised|${value}|${place}`, () => {
      const { scale, zeroPoint } = activationQuantisation(range);
      const parameters = [
        this.floats([scale]),
        this.onnx.addInitializer({ elementType: 'uint8', shape: [], data: Uint8Array.of(zeroPoint) }, 'zero_point'),
      ];
      return this.emit('DequantizeLinear', [this.emit('QuantizeLinear', [value, ...parameters]), ...parameters]);
    });
  }

  private knownInLayout(tensor: KnownTensor, wanted: AxisLayout): string {
    const moves = !isPlain(wanted);
    return this.once(`${tensor.name}|${moves ? wanted.join() : ''}`, () => {
      if (!moves) return this.onnx.addInitializer(tensor, tensor.name);
      // Broadcasting adds axes in front; they must exist before they can be moved.
      const missing = Math.max(0, wanted.length - tensor.shape.length);
      const padded = { ...tensor, shape: [...new Array<number>(missing).fill(1), ...tensor.shape] };
      return this.onnx.addInitializer(transposeConstant(padded, wanted), tensor.name);
    });
  }

  private once(key: string, make: () => string): string {
    const known = this.made.get(key) ?? make();
    this.made.set(key, known);
    return known;
  }
}
