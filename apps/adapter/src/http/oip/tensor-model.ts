import { AppError } from '@nightjar/runtime';
import type { EnginePool } from '../../engine/engine-pool.js';
import type { EngineTasks, NamedTensor } from '../../engine/engine-tasks.js';
import type { ModelStatus, StepOutcome } from '../../engine/protocol.js';
import { datatypeOf, elementsOf, tensorTypeOf } from './datatypes.js';
import type { ModelSignatures } from './model-signatures.js';
import type { ModelAnswer, OipCall, ServedModel } from './served-model.js';
import { textsOf, type WireTensor } from './wire-tensor.js';

/** Formats that ONNX Runtime runs, as Triton calls them. */
const platforms: Readonly<Record<string, string>> = { onnx: 'onnxruntime_onnx', 'tfjs-graph-model': 'onnxruntime_tfjs' };

interface TensorModelParts {
  readonly pool: EnginePool;
  readonly signatures: ModelSignatures;
}

/** A model of the repository as it is: tensors in, tensors out. */
export function tensorModel(status: ModelStatus, versions: readonly string[], parts: TensorModelParts): ServedModel {
  const { name, version, framework, device, problem, loaded, description, fingerprint, kind } = status;
  return {
    name,
    version,
    versions,
    platform: platforms[framework] ?? `nightjar_${framework}`,
    device,
    problem,
    isLoaded: loaded,
    notes: { description, kind, ...(fingerprint !== undefined && { fingerprint }) },
    engineModel: `${name}@${version}`,
    describe: (options) => parts.signatures.of(status, options),
    infer: (inputs, call) => run(status, inputs, { pool: parts.pool, call }),
  };
}

async function run(
  { name, version }: ModelStatus,
  inputs: readonly WireTensor[],
  { pool, call }: { pool: EnginePool; call: OipCall },
): Promise<ModelAnswer> {
  const tensors = inputs.map(toEngine);
  const readMs = call.elapsedMs();
  const { lane, session, turn, signal, outputs } = call;
  const result = await pool.run({
    work: { steps: [{ task: 'run_tensors', options: { model: name, version, inputs: tensors, outputs } }], pictures: [] },
    lane,
    turn: session ?? turn,
    timeoutMs: call.remainingMs(),
    signal,
  });
  const [outcome] = result.steps as readonly StepOutcome<'run_tensors'>[];
  if (!outcome) throw new Error('the engine gave no outcome');
  if (!outcome.ok) throw new AppError(outcome.code, outcome.message);
  const { timingsMs, models } = outcome;
  const fingerprint = models[0]?.fingerprint;
  return {
    outputs: (outcome.result as EngineTasks['run_tensors']['result']).outputs.map(fromEngine),
    parameters: fingerprint === undefined ? {} : { model_fingerprint: fingerprint },
    fingerprint,
    runs: 1,
    timesMs: { queue: result.waitedMs, input: readMs, infer: timingsMs.infer, output: timingsMs.total - timingsMs.infer },
  };
}

function toEngine(tensor: WireTensor): NamedTensor {
  const { name, datatype, shape: dims } = tensor;
  // Models are not made for it: many fail somewhere within.
  if (dims.includes(0)) throw new AppError('invalid_argument', `input "${name}" has shape [${dims.join(', ')}]: it holds nothing`);
  const type = tensorTypeOf(datatype);
  if (!type) throw new AppError('invalid_argument', `input "${name}": no model takes ${datatype}`);
  const data = tensor.datatype === 'BYTES' ? textsOf(name, tensor.elements) : elementsOf(tensor.datatype, tensor.bytes);
  return { name, type, dims, data };
}

function fromEngine({ name, type, dims, data }: NamedTensor): WireTensor {
  const datatype = datatypeOf(type);
  if (Array.isArray(data)) return { name, shape: dims, datatype: 'BYTES', elements: data.map((text) => Buffer.from(text)) };
  if (!datatype || datatype === 'BYTES')
    throw new AppError('not_implemented', `output "${name}" has type ${type}, which the protocol has no datatype for`);
  return { name, shape: dims, datatype, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}
