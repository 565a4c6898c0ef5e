import { AppError } from '@nightjar/runtime/app-error';
import type { TensorDescription } from '../engine/protocol.js';
import type { ModelManifest, PictureInput } from './model-manifest.js';

/**
 * Holds what a file takes against what its manifest says of it, before anything runs.
 * @throws AppError `model_error` that says what the model has and what was expected
 */
export function checkInputs({ name, input }: ModelManifest, inputs: readonly TensorDescription[]): void {
  if (!input) return;
  const expected = expectedInputs(input, inputs);
  const fits = expected.length === inputs.length && expected.every((wanted) => inputs.some((given) => isGiven(given, wanted)));
  if (fits) return;
  throw new AppError('model_error', `model "${name}": wrong inputs: it has ${list(inputs)}, its manifest means ${list(expected)}`);
}

function expectedInputs(input: PictureInput, inputs: readonly TensorDescription[]): TensorDescription[] {
  const { layout, dtype, widthPixels, heightPixels, constantInputs } = input;
  const sizes = layout === 'nchw' ? [3, heightPixels, widthPixels] : [heightPixels, widthPixels, 3];
  const constants = constantInputs.map((constant) => ({ name: constant.name, type: constant.dtype as string, dims: constant.dims }));
  const given = new Set(constants.map((constant) => constant.name));
  const picture = input.name ?? inputs.find((candidate) => !given.has(candidate.name))?.name ?? 'images';
  return [{ name: picture, type: dtype, dims: [-1, ...sizes] }, ...constants];
}

/** Whether the model's input takes what is wanted: it may have any size where the other has a certain one. */
function isGiven(input: TensorDescription, wanted: TensorDescription): boolean {
  const { name, type, dims } = wanted;
  return (
    input.name === name &&
    input.type === type &&
    input.dims.length === dims.length &&
    // The first axis of a picture is the batch, of which one is enough.
    input.dims.every((size, axis) => size === -1 || size === dims[axis] || (dims[axis] === -1 && size === 1))
  );
}

function list(tensors: readonly TensorDescription[]): string {
  return tensors
    .map(({ name, type, dims }) => `"${name}" ${type} [${dims.map((size) => (size < 0 ? 'any' : size)).join(', ')}]`)
    .join(', ');
}
