import type { TensorDescription } from '../../engine/protocol.js';
import type { TensorSession } from '../../models/loaded-model.js';
import type { Tensors } from '../tensor.js';

/** No model: outputs are the inputs, under `output` where the input is called `input`, else under the name they came with. */
export class IdentitySession implements TensorSession {
  readonly type = 'tensors';
  /** Any type and any shape go; these are the ones that are advertised. */
  readonly inputs: readonly TensorDescription[] = [{ name: 'input', type: 'uint8', dims: [-1] }];
  readonly outputs: readonly TensorDescription[] = [{ name: 'output', type: 'uint8', dims: [-1] }];

  run(inputs: Tensors): Promise<Tensors> {
    return Promise.resolve(new Map([...inputs].map(([name, tensor]) => [name === 'input' ? 'output' : name, tensor])));
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}
