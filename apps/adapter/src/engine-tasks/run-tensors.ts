import { AppError } from '@nightjar/runtime/app-error';
import { describeOnnxError } from '../backends/onnx/onnx-errors.js';
import type { Tensor, Tensors } from '../backends/tensor.js';
import type { NamedTensor } from '../engine/engine-tasks.js';
import type { LoadedModel, TensorSession } from '../models/loaded-model.js';
import { requireTensors } from '../models/loaded-model.js';
import { checkTensors } from './check-tensors.js';
import type { EngineTask, StepContext } from './engine-task.js';

/** They cross to the parent and go into one answer. */
const maxOutputBytes = 128 * 1024 * 1024;

/** A model as it is: tensors in, tensors out; whatever a caller declares is held against the model and the data first. */
export const runTensors: EngineTask<'run_tensors'> = {
  async run(context, { model: name, version, inputs, outputs: wanted }) {
    const model = requireTensors(await context.use('tensors', version === undefined ? name : `${name}@${version}`));
    const { session, manifest } = model;
    const takesAnything = manifest.format === 'identity';
    const checked = checkTensors(inputs, takesAnything ? undefined : session.inputs);
    const known = new Set(session.outputs.map((output) => output.name));
    const unknown = wanted?.find((output) => !known.has(output));
    if (unknown !== undefined) {
      throw new AppError(
        'invalid_argument',
        `model "${manifest.name}" has no output "${unknown.slice(0, 200)}"; it has ${[...known].join(', ')}`,
      );
    }
    const outputs = await infer(context, model, checked);
    return { outputs: withinBounds([...outputs].filter(([output]) => wanted?.includes(output) ?? true)) };
  },
};

async function infer(context: StepContext, { session, manifest }: LoadedModel<TensorSession>, inputs: Tensors): Promise<Tensors> {
  try {
    return await context.infer(() => session.run(inputs));
  } catch (cause) {
    throw new AppError('model_error', `model "${manifest.name}": ${describeOnnxError(cause)}`, { cause });
  }
}

/** @throws AppError `unprocessable` when they are more than an answer can hold */
function withinBounds(outputs: readonly (readonly [string, Tensor])[]): NamedTensor[] {
  const sizeBytes = outputs.reduce((sum, [, { data }]) => sum + bytesOf(data), 0);
  if (sizeBytes > maxOutputBytes) {
    throw new AppError('unprocessable', `the outputs have ${sizeBytes} bytes, more than ${maxOutputBytes}; ask for fewer of them`);
  }
  return outputs.map(([name, tensor]) => ({ name, ...tensor }));
}

function bytesOf(data: Tensor['data']): number {
  return Array.isArray(data) ? data.reduce((sum, text) => sum + Buffer.byteLength(text), 0) : data.byteLength;
}
