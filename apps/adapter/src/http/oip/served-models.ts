import { AppError } from '@nightjar/runtime';
import type { EnginePool } from '../../engine/engine-pool.js';
import type { ModelStatus } from '../../engine/protocol.js';
import { adapterIdentity } from '../adapter-identity.js';
import { identityModel } from './identity-model.js';
import type { ServedModel } from './served-model.js';
import { taskModel, type TaskModelParts } from './task-model.js';
import { ModelSignatures } from './model-signatures.js';
import { tensorModel } from './tensor-model.js';
import { shorten } from './wire-tensor.js';

const byVersion = new Intl.Collator('en', { numeric: true });

/**
 * Everything that the protocol calls a model: `identity`, the tasks on offer, and the models of the repository. A name means the
 * first of these that has it.
 */
export class ServedModels {
  private readonly identity = identityModel(adapterIdentity.version);

  private readonly signatures: ModelSignatures;

  constructor(private readonly parts: TaskModelParts & { pool: EnginePool }) {
    this.signatures = new ModelSignatures(parts.pool);
  }

  /** Each name once, in its newest version that can be used. */
  list(): ServedModel[] {
    const tasks = this.parts.catalogue.available().map(({ name }) => name);
    const models = this.parts.pool.status.models.map(({ name }) => name);
    const names = new Set([this.identity.name, ...tasks, ...models]);
    return [...names].flatMap((name) => this.find(name) ?? []);
  }

  /** Every version of every model. */
  listVersions(): ServedModel[] {
    return this.list().flatMap((model) => model.versions.map((version) => this.ofVersion(model, version)));
  }

  /**
   * @param version may leave out its last parts: `3` means `3.0.4`; undefined: the newest that can be used
   * @throws AppError `not_found`, or `unavailable` while it is not known yet which models there are
   */
  require(name: string, version?: string): ServedModel {
    const model = this.find(name);
    if (model) return version === undefined ? model : this.ofVersion(model, version);
    const { started, models } = this.parts.pool.status;
    if (!started && models.length === 0)
      throw new AppError('unavailable', 'the engine processes are starting: models are not known yet', { retryAfterMs: 1_000 });
    throw new AppError('not_found', `there is no model "${shorten(name)}"`);
  }

  private find(name: string): ServedModel | undefined {
    if (name === this.identity.name) return this.identity;
    const task = this.parts.catalogue.available().find((offered) => offered.name === name);
    if (task) return taskModel(task, adapterIdentity.version, this.parts);
    const [newest] = this.versionsOf(name);
    return newest && this.tensorModel(newest);
  }

  private ofVersion(model: ServedModel, version: string): ServedModel {
    const { name, versions } = model;
    const wanted = versions.find((known) => known === version) ?? versions.find((known) => known.startsWith(`${version}.`));
    if (wanted === model.version) return model;
    const status = this.versionsOf(name).find((known) => known.version === wanted);
    if (status) return this.tensorModel(status);
    throw new AppError('not_found', `model "${name}" has no version "${shorten(version)}"; it has ${versions.join(', ')}`);
  }

  private tensorModel(status: ModelStatus): ServedModel {
    const versions = this.versionsOf(status.name).map(({ version }) => version);
    return tensorModel(status, versions, { pool: this.parts.pool, signatures: this.signatures });
  }

  /** Those that can be used first, and of these the newest. */
  private versionsOf(name: string): ModelStatus[] {
    const problems = ({ problem }: ModelStatus) => (problem === undefined ? 0 : 1);
    return this.parts.pool.status.models
      .filter((model) => model.name === name)
      .sort((a, b) => problems(a) - problems(b) || byVersion.compare(b.version, a.version));
  }
}
