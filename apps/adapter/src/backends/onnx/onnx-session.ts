import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ExecutionProvider, TensorDescription } from '../../engine/protocol.js';
import type { TensorSession } from '../../models/loaded-model.js';
import type { Tensor, TensorData, Tensors, TensorType } from '../tensor.js';
import { freeOutputs } from './free-outputs.js';

// What fails is thrown, too; the runtime's own lines on stderr are no JSON and name paths.
env.logLevel = 'fatal';
const silent = 4;

/**
 * One ONNX model in memory, with one thread: several processes with a thread each do more than one process with several, which
 * wait for each other. `run` and `create` block the JavaScript thread: engine processes only.
 */
export class OnnxSession implements TensorSession {
  readonly type = 'tensors';
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];

  private constructor(private readonly session: InferenceSession) {
    this.inputs = session.inputMetadata.map(describe);
    this.outputs = session.outputMetadata.map(describe);
  }

  /**
   * @param model its bytes, or the path of its file, beside which the runtime finds files that it names
   * @throws Error of the runtime when it is no model that can run, or the provider can't be had
   */
  static async create(model: Uint8Array | string, provider: ExecutionProvider = 'cpu'): Promise<OnnxSession> {
    const options: InferenceSession.SessionOptions = {
      executionProviders: [provider],
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: silent,
    };
    // Two overloads, of which TypeScript wants one named.
    const session = await (typeof model === 'string' ? InferenceSession.create(model, options) : InferenceSession.create(model, options));
    if (session.inputNames.length === 0) throw new Error('the model has no input');
    return new OnnxSession(session);
  }

  async run(inputs: Tensors): Promise<Tensors> {
    const feeds = Object.fromEntries([...inputs].map(([name, { type, data, dims }]) => [name, toOrt(type, data, dims)]));
    const outputs = await this.session.run(feeds);
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  free(outputs: Tensors): void {
    freeOutputs(outputs);
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function describe(value: InferenceSession.ValueMetadata): TensorDescription {
  if (!value.isTensor) return { name: value.name, type: 'not a tensor', dims: [] };
  return { name: value.name, type: value.type, dims: value.shape.map((size) => (typeof size === 'number' ? size : -1)) };
}

function toOrt(type: TensorType, data: TensorData, dims: readonly number[]): OrtTensor {
  // The constructor checks that type, data and dims go together.
  return new OrtTensor(type as 'float32', data as Float32Array, dims);
}

function fromOrt(tensor: OrtTensor): Tensor {
  return { type: tensor.type as TensorType, dims: tensor.dims, data: tensor.data as TensorData };
}
