import type { ModelSignature, TensorSignature } from './model-signature.js';
import type { ServedModel } from './served-model.js';

/** What is true of a model in the terms of Triton's model configuration. Shapes are whole: no dimension is left to a batcher. */
export function modelConfig(model: ServedModel, { inputs, outputs }: ModelSignature, instances: number): object {
  const { name, platform, device, notes } = model;
  return {
    name,
    platform,
    backend: platform.replace(/_.*/, ''),
    max_batch_size: 0,
    input: inputs.map(configTensor),
    output: outputs.map(configTensor),
    instance_group: [{ name, kind: device === 'cpu' || device === 'none' ? 'KIND_CPU' : 'KIND_GPU', count: instances }],
    model_transaction_policy: { decoupled: false },
    parameters: Object.fromEntries(Object.entries(notes).map(([key, text]) => [key, { string_value: text }])),
  };
}

function configTensor({ name, datatype, shape }: TensorSignature): object {
  return { name, data_type: datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`, dims: shape };
}
