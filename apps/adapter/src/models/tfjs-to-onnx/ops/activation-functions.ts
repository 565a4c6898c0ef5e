import { channelsFirst } from '../axis-layout.js';
import { input, type OperatorCall } from '../operator.js';

/** ReLU clipped at 6. */
export function relu6({ graph }: OperatorCall, value: string): string {
  return graph.emit('Clip', [value, graph.floats([0]), graph.floats([6])]);
}

/** TensorFlow's own, where the graph names none. */
export const defaultLeakage = 0.2;

type Activation = (call: OperatorCall, value: string) => string;

/** Activations that TensorFlow fuses into a convolution or a matrix product. */
const fusedActivations: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['Relu', ({ graph }, value) => graph.emit('Relu', [value])],
  ['Relu6', relu6],
  ['Elu', ({ graph }, value) => graph.emit('Elu', [value])],
  ['Sigmoid', ({ graph }, value) => graph.emit('Sigmoid', [value])],
  [
    'LeakyRelu',
    ({ graph, node }, value) => graph.emit('LeakyRelu', [value], { alpha: { float: node.float('leakyrelu_alpha', defaultLeakage) } }),
  ],
  // The slopes are the fourth input, after picture, kernel and bias.
  ['Prelu', (call, value) => call.graph.emit('PRelu', [value, call.graph.inLayout(input(call, 3), channelsFirst)])],
]);

/** Applies what `fused_ops` lists after the bias; nothing when it lists nothing. */
export function applyFusedActivation(call: OperatorCall, value: string): string {
  const [, name, more] = call.node.texts('fused_ops');
  if (name === undefined) return value;
  const activation = fusedActivations.get(name);
  if (!activation || more !== undefined) throw call.node.unsupported(`fused activation "${more ?? name}"`);
  return activation(call, value);
}

/** Whether a bias is fused; any other first fusion is refused. */
export function hasFusedBias({ node }: OperatorCall): boolean {
  const [first] = node.texts('fused_ops');
  if (first !== undefined && first !== 'BiasAdd') throw node.unsupported(`fused operator "${first}"`);
  return first === 'BiasAdd';
}
