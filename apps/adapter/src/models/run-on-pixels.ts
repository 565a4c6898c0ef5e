import { AppError } from '@nightjar/runtime/app-error';
import { fromFloat16Bits } from '../backends/float16.js';
import type { Tensor, TensorData, Tensors } from '../backends/tensor.js';
import type { PixelBuffer } from '../pictures/picture.js';
import type { LoadedModel, TensorSession } from './loaded-model.js';
import type { PictureInput } from './model-manifest.js';
import { pictureTensor } from './picture-tensor.js';

/**
 * Runs a model that looks at pictures on one picture of its input's size (see `fitPicture`), whatever layout and element type the
 * model wants. Its outputs' floats come as 32-bit ones. Several calls at a time are joined where the model batches.
 * @throws AppError `model_error` when the model takes no pictures; Error of the runtime
 */
export async function runOnPixels({ manifest, session, takes }: LoadedModel<TensorSession>, pixels: PixelBuffer): Promise<Tensors> {
  if (!takes) throw new AppError('model_error', `model "${manifest.name}" takes no pictures`);
  return withFloats(await session.run(inputsOf({ session, takes }, pixels)));
}

/** A picture as all the inputs that a session wants. */
export function inputsOf(
  { session, takes }: { session: Pick<TensorSession, 'inputs'>; takes: PictureInput },
  pixels: PixelBuffer,
): Tensors {
  const constants = new Map(takes.constantInputs.map((constant) => [constant.name, constantTensor(constant)]));
  const name = takes.name ?? session.inputs.find((input) => !constants.has(input.name))!.name;
  return constants.set(name, pictureTensor(pixels, takes));
}

/** Outputs with 16-bit floats as 32-bit ones, which decoders read. */
export function withFloats(outputs: Tensors): Tensors {
  return new Map([...outputs].map(([name, tensor]) => [name, widened(tensor)]));
}

function constantTensor({ dtype, dims, values }: PictureInput['constantInputs'][number]): Tensor {
  const data: { readonly [Type in typeof dtype]: () => TensorData } = {
    float32: () => Float32Array.from(values),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values, (value) => BigInt(Math.round(value))),
  };
  return { type: dtype, dims, data: data[dtype]() };
}

function widened(tensor: Tensor): Tensor {
  if (tensor.type !== 'float16' || !(tensor.data instanceof Uint16Array)) return tensor;
  return { type: 'float32', dims: tensor.dims, data: fromFloat16Bits(tensor.data) };
}
