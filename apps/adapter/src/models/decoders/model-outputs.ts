import { requireFloats, type Tensor, type Tensors } from '../../backends/tensor.js';

/** Size of one axis: a number, or a text for one that may have any size, e.g. `N`. */
type ExpectedSize = number | string;

/** An output whose shape was checked. */
export interface CheckedOutput {
  readonly name: string;
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/**
 * Finds the output that plays a part: the name that the manifest gives for it, else the only output there is, else the first of
 * the usual names that exists.
 * @throws Error that lists what there is
 */
export function findOutput(
  outputs: Tensors,
  wanted: { part: string; usualNames: readonly string[]; outputNames?: Readonly<Record<string, string | undefined>> | undefined },
): string {
  const { part, usualNames, outputNames = {} } = wanted;
  const given = Object.hasOwn(outputNames, part) ? outputNames[part] : undefined;
  const [first = '', ...others] = outputs.keys();
  const name = given ?? (others.length === 0 ? first : usualNames.find((usual) => outputs.has(usual)));
  if (name !== undefined && outputs.has(name)) return name;
  const expected = given === undefined ? `one of ${usualNames.join(', ')}` : `"${given}"`;
  throw new Error(`the model has no output for ${part}; it has ${listOutputs(outputs)}, expected ${expected}`);
}

/** Whether the outputs hold one under this part's name, given or usual. */
export function hasOutput(outputs: Tensors, wanted: Parameters<typeof findOutput>[1]): boolean {
  const { part, usualNames, outputNames = {} } = wanted;
  return (Object.hasOwn(outputNames, part) && outputNames[part] !== undefined) || usualNames.some((usual) => outputs.has(usual));
}

/** Floats of an output whose shape must be one of `shapes`. @throws Error that names the output, its shape and the expected ones */
export function requireShape(outputs: Tensors, name: string, ...shapes: readonly (readonly ExpectedSize[])[]): CheckedOutput {
  const data = requireFloats(outputs, name);
  const { dims } = outputs.get(name)!;
  if (!shapes.some((shape) => hasShape(dims, shape))) throw wrongShape(name, dims, shapes);
  return { name, data, dims };
}

/** Numbers of an output of any element type, e.g. class numbers as int64. @throws Error as `requireShape` */
export function requireNumbers(outputs: Tensors, name: string, ...shapes: readonly (readonly ExpectedSize[])[]): readonly number[] {
  const { data, dims } = requireOutput(outputs, name);
  if (!shapes.some((shape) => hasShape(dims, shape))) throw wrongShape(name, dims, shapes);
  return Array.from<unknown, number>(data, Number);
}

/** @throws Error that lists what there is */
export function requireOutput(outputs: Tensors, name: string): Tensor {
  const tensor = outputs.get(name);
  if (!tensor) throw new Error(`the model has no output "${name}"; it has ${listOutputs(outputs)}`);
  return tensor;
}

export function hasShape(dims: readonly number[], shape: readonly ExpectedSize[]): boolean {
  return dims.length === shape.length && shape.every((size, axis) => typeof size === 'string' || dims[axis] === size);
}

/** The error for an output of another model: its name, its shape, and what was expected. */
export function wrongShape(name: string, dims: readonly number[], shapes: readonly (readonly ExpectedSize[])[]): Error {
  return new Error(`output "${name}" of the model has the shape ${show(dims)}, expected ${shapes.map(show).join(' or ')}`);
}

function show(sizes: readonly ExpectedSize[]): string {
  return `[${sizes.join(', ')}]`;
}

function listOutputs(outputs: Tensors): string {
  return [...outputs].map(([name, { dims }]) => `"${name}" ${show(dims)}`).join(', ') || 'none';
}
