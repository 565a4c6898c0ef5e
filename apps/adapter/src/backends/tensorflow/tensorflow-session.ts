import type { TensorDescription } from '../../engine/protocol.js';
import type { TensorSession } from '../../models/loaded-model.js';
import type { Tensor, TensorData, Tensors } from '../tensor.js';
import type { GraphArtifacts, Tensorflow, TensorflowModel, TensorflowTensor } from './tensorflow-runtime.js';

/** Our name of an element type by TensorFlow.js'; it has no others that models give. */
const typeOfDtype: Readonly<Record<string, 'float32' | 'int32' | 'bool'>> = { float32: 'float32', int32: 'int32', bool: 'bool' };

/** A TensorFlow.js graph model, run by TensorFlow.js itself. */
export class TensorflowSession implements TensorSession {
  readonly type = 'tensors';
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  private hasControlFlow = false;

  private constructor(
    private readonly tensorflow: Tensorflow,
    private readonly model: TensorflowModel,
    wantedOutputs: readonly string[] | undefined,
  ) {
    this.inputs = model.inputs.map(describe);
    const declared = model.outputs.map(describe);
    this.outputs =
      wantedOutputs?.map((name) => declared.find((output) => output.name === name) ?? { name, type: 'float32', dims: [] }) ?? declared;
  }

  /**
   * @param outputs names of the outputs to compute; absent: those of the model's signature
   * @throws Error of the library when it can't run the graph
   */
  static async create(tensorflow: Tensorflow, artifacts: GraphArtifacts, outputs?: readonly string[]): Promise<TensorflowSession> {
    const model = await tensorflow.loadGraphModel({ load: () => Promise.resolve(artifacts) });
    return new TensorflowSession(tensorflow, model, outputs);
  }

  async run(inputs: Tensors): Promise<Tensors> {
    const given = Object.fromEntries([...inputs].map(([name, tensor]) => [name, this.toTensorflow(name, tensor)]));
    let results: TensorflowTensor[] = [];
    try {
      results = [await this.execute(given)].flat();
      const tensors = await Promise.all(results.map(fromTensorflow));
      return new Map(this.outputs.map(({ name }, index) => [name, tensors[index]!]));
    } finally {
      // Their memory is outside of what JavaScript collects.
      for (const tensor of [...Object.values(given), ...results]) tensor.dispose();
    }
  }

  release(): Promise<void> {
    this.model.dispose();
    return Promise.resolve();
  }

  /** Graphs with control flow want the one call, which grumbles at every run of the others. */
  private async execute(given: Record<string, TensorflowTensor>): Promise<TensorflowTensor | TensorflowTensor[]> {
    const wanted = this.outputs.map(({ name }) => name);
    if (!this.hasControlFlow) {
      try {
        return this.model.execute(given, wanted);
      } catch (error) {
        if (!/executeAsync/.test(error instanceof Error ? error.message : '')) throw error;
        this.hasControlFlow = true;
      }
    }
    return this.model.executeAsync(given, wanted);
  }

  private toTensorflow(name: string, { type, dims, data }: Tensor): TensorflowTensor {
    const expected = this.inputs.find((input) => input.name === name)?.type;
    if (type === 'float32') return this.tensorflow.tensor(data as Float32Array, [...dims], 'float32');
    // It has no bytes: they travel as 32-bit integers.
    if (type === 'int32' || type === 'uint8') return this.tensorflow.tensor(Int32Array.from(data as Int32Array), [...dims], 'int32');
    throw new Error(`input "${name}" is ${type}, the model takes ${expected ?? 'no such input'}`);
  }
}

function describe({ name, dtype, shape }: TensorflowModel['inputs'][number]): TensorDescription {
  return { name: name.replace(/:0$/, ''), type: typeOfDtype[dtype] ?? dtype, dims: (shape ?? []).map((size) => size ?? -1) };
}

async function fromTensorflow(tensor: TensorflowTensor): Promise<Tensor> {
  const type = typeOfDtype[tensor.dtype];
  if (!type) throw new Error(`an output of the model has the element type ${tensor.dtype}`);
  return { type, dims: [...tensor.shape], data: (await tensor.data()) as TensorData };
}
