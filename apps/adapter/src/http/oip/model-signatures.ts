import { AppError } from '@nightjar/runtime';
import type { EnginePool } from '../../engine/engine-pool.js';
import type { ModelStatus, TensorDescription } from '../../engine/protocol.js';
import { modelKey } from '../../models/model-version.js';
import { datatypeOf } from './datatypes.js';
import type { ModelSignature, TensorSignature } from './model-signature.js';

/** What an engine says to a run on nothing: the model wants something, or is no function of tensors. */
const answersToNothing: ReadonlySet<string> = new Set(['invalid_argument', 'not_implemented']);

/**
 * What goes into the models of the repository and what comes out. That is known once a model was loaded; what was known once is
 * known of the same files after the model was unloaded too.
 */
export class ModelSignatures {
  /** By `name@version`. */
  private readonly known = new Map<string, { readonly fingerprint: string | undefined; readonly signature: ModelSignature }>();

  constructor(private readonly pool: EnginePool) {}

  /** A model that is no function of tensors has none. @throws AppError `not_found`, or what loading it says */
  async of(model: ModelStatus, options: { signal: AbortSignal; timeoutMs: number; turn: string }): Promise<ModelSignature> {
    const known = this.known.get(modelKey(model));
    if (known && known.fingerprint === model.fingerprint) return known.signature;
    let status = this.statusOf(model);
    if (!status.loaded) {
      await this.load(model, options);
      status = this.statusOf(model);
    }
    const signature = signatureOf(status);
    this.remember(status, signature);
    return signature;
  }

  private statusOf(model: ModelStatus): ModelStatus {
    const status = this.pool.status.models.find((candidate) => modelKey(candidate) === modelKey(model));
    if (!status) throw new AppError('not_found', `model "${model.name}" version ${model.version} was removed`);
    return status;
  }

  /** Runs it on nothing, which loads it as any request does and is refused then. By command it would stay in memory for good. */
  private async load({ name, version }: ModelStatus, options: { signal: AbortSignal; timeoutMs: number; turn: string }): Promise<void> {
    const { steps } = await this.pool.run({
      work: { steps: [{ task: 'run_tensors', options: { model: name, version, inputs: [], outputs: [] } }], pictures: [] },
      lane: 'live',
      ...options,
    });
    const [outcome] = steps;
    if (outcome && !outcome.ok && !answersToNothing.has(outcome.code)) throw new AppError(outcome.code, outcome.message);
  }

  private remember(model: ModelStatus, signature: ModelSignature): void {
    const keys = new Set(this.pool.status.models.map(modelKey));
    for (const key of this.known.keys()) if (!keys.has(key)) this.known.delete(key);
    this.known.set(modelKey(model), { fingerprint: model.fingerprint, signature });
  }
}

function signatureOf({ name, inputs = [], outputs = [] }: ModelStatus): ModelSignature {
  return { inputs: inputs.map((input) => describeTensor(name, input)), outputs: outputs.map((output) => describeTensor(name, output)) };
}

function describeTensor(model: string, { name, type, dims }: TensorDescription): TensorSignature {
  const datatype = datatypeOf(type);
  if (!datatype)
    throw new AppError('not_implemented', `model "${model}": tensor "${name}" has type ${type}, which the protocol has no datatype for`);
  return { name, datatype, shape: dims };
}
