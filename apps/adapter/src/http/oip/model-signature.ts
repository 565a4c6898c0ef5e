import { AppError } from '@nightjar/runtime';
import type { Datatype } from './datatypes.js';
import { elementBytes } from './datatypes.js';
import type { RequestedOutput } from './infer-request.js';
import { shorten, type WireTensor } from './wire-tensor.js';

/** What one input or output is. */
export interface TensorSignature {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 where any size goes. */
  readonly shape: readonly number[];
  /** Any datatype and shape goes. */
  readonly takesAny?: boolean;
}

/** What goes into a model and what comes out. */
export interface ModelSignature {
  readonly inputs: readonly TensorSignature[];
  readonly outputs: readonly TensorSignature[];
}

/** An output that the answer is to hold. */
export interface SelectedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

/**
 * Holds the inputs of a request to what the model takes: each there, once, with its datatype and shape.
 * @throws AppError `invalid_argument`
 */
export function checkInputs(inputs: readonly WireTensor[], signature: ModelSignature): void {
  for (const { name } of inputs) {
    if (!signature.inputs.some((known) => known.name === name))
      throw invalid(`there is no input "${shorten(name)}"; the model takes ${listNames(signature.inputs)}`);
  }
  for (const expected of signature.inputs) {
    const input = inputs.find(({ name }) => name === expected.name);
    if (!input) throw invalid(`input "${expected.name}" is missing`);
    if (expected.takesAny) continue;
    if (input.datatype !== expected.datatype)
      throw invalid(`input "${expected.name}" has datatype ${input.datatype}, the model takes ${expected.datatype}`);
    if (!fitsShape(input.shape, expected.shape))
      throw invalid(`input "${expected.name}" has shape [${input.shape.join(', ')}], the model takes [${expected.shape.join(', ')}]`);
  }
}

/**
 * Which outputs the answer holds, in order.
 * @param allBinary the answer is binary data unless an output says otherwise
 * @throws AppError `invalid_argument`
 */
export function selectOutputs(
  requested: readonly RequestedOutput[] | undefined,
  { outputs }: ModelSignature,
  allBinary: boolean,
): readonly SelectedOutput[] {
  // An empty list asks for nothing in particular.
  if (!requested || requested.length === 0) return outputs.map(({ name }) => ({ name, isBinary: allBinary }));
  return requested.map(({ name, parameters }, index) => {
    if (!outputs.some((known) => known.name === name))
      throw invalid(`there is no output "${shorten(name)}"; the model has ${listNames(outputs)}`);
    if (requested.findIndex((other) => other.name === name) !== index) throw invalid(`output "${name}" is asked for twice`);
    const { binary_data: binary, classification, shared_memory_region: region } = parameters;
    if (region !== undefined) throw invalid(`output "${name}": shared memory is not supported`);
    if (classification !== undefined && classification !== 0)
      throw invalid(`output "${name}": classification is not supported; take the output as it is`);
    if (binary !== undefined && typeof binary !== 'boolean') throw invalid(`output "${name}": binary_data is true or false`);
    return { name, isBinary: binary ?? allBinary };
  });
}

/**
 * The input of a request whose body is nothing but the data of the only input.
 * @throws AppError `invalid_argument` when the model has several, or the shape does not follow from the size
 */
export function rawInput(body: Uint8Array, { inputs }: ModelSignature): WireTensor {
  const [input, ...others] = inputs;
  if (!input || others.length > 0)
    throw invalid(`a body without inference header needs a model with exactly 1 input, this one has ${inputs.length}`);
  const { name, datatype, shape } = input;
  const variable = shape.filter((size) => size === -1).length;
  const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  if (datatype === 'BYTES') {
    if (known !== 1) throw invalid('a body without inference header needs a model that takes one element of BYTES');
    return { name, shape: shape.map(() => 1), datatype, elements: [body] };
  }
  const elements = body.length / elementBytes(datatype);
  if (variable > 1) throw invalid('a body without inference header needs a model with at most one variable dimension');
  const size = elements / known;
  if (!Number.isInteger(size) || (variable === 0 && size !== 1))
    throw invalid(`${body.length} bytes are no ${datatype} of shape [${shape.join(', ')}]`);
  return { name, shape: shape.map((given) => (given === -1 ? size : given)), datatype, bytes: body };
}

function fitsShape(shape: readonly number[], expected: readonly number[]): boolean {
  return shape.length === expected.length && expected.every((size, index) => size === -1 || size === shape[index]);
}

function listNames(tensors: readonly TensorSignature[]): string {
  return tensors.map(({ name }) => `"${name}"`).join(', ') || 'none';
}

function invalid(message: string): AppError {
  return new AppError('invalid_argument', message);
}
