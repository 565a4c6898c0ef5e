import { AppError } from '@nightjar/runtime';
import type { AnsweringModel } from '../../engine/engine-tasks.js';
import type { Task } from '../../tasks/task.js';
import type { TaskCatalogue } from '../../tasks/task-catalogue.js';
import type { TaskRunner } from '../../tasks/task-runner.js';
import { adapterIdentity } from '../adapter-identity.js';
import type { InferResponse } from './contract-messages.js';
import type { ContractRequest } from './contract-request.js';

/** What is done with a picture when the caller does not say: the first of these that is on offer. */
const defaultTasks = ['object_detection', 'person_counting'];

/** Names that other adapters have for what ours do, with the same requests. */
const taskAliases: ReadonlyMap<string, string> = new Map([['scene_caption', 'scene_description']]);

/** Who asks, and how long for. */
interface ContractCall {
  /** Whose pictures follow each other; undefined: this one stands alone. */
  readonly session: string | undefined;
  readonly turn: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Runs requests of Contract v1, from HTTP and from streams. */
export class ContractInference {
  constructor(
    private readonly catalogue: TaskCatalogue,
    private readonly runner: TaskRunner,
  ) {}

  /** Names under which tasks can be asked for now. */
  get tasks(): string[] {
    const names = this.catalogue.available().map(({ name }) => name);
    return [...names, ...[...taskAliases].filter(([, own]) => names.includes(own)).map(([alias]) => alias)];
  }

  /** @throws AppError `invalid_argument` for an unknown name, `unavailable` when there is no model for the default task */
  taskOf(name: unknown): Task {
    if (name === undefined || name === null || name === '') return this.defaultTask();
    if (typeof name !== 'string') throw new AppError('invalid_argument', "'task' must be text");
    return this.catalogue.require(taskAliases.get(name) ?? name);
  }

  /** @throws AppError `invalid_argument` (pictures, parameters), or what the engine or the task says */
  async run(
    task: Task,
    { params, files }: ContractRequest,
    call: ContractCall,
  ): Promise<{ response: InferResponse; model: AnsweringModel | undefined }> {
    const missing = task.pictureFields.find((field) => !files.has(field));
    if (missing !== undefined) throw new AppError('invalid_argument', `Missing '${missing}'`);
    const pictures = new Map(task.pictureFields.map((field) => [field, files.get(field)!]));
    const { signal, ...asked } = call;
    const request = { task, data: params, pictures, lane: 'live' as const, caller: { signal }, ...asked };
    const { model, body, contractResult, timingsMs } = await this.runner.runOne(request);
    const response: InferResponse = {
      status: 'ok',
      model_name: model?.name ?? adapterIdentity.name,
      model_version: model?.version ?? adapterIdentity.version,
      inference_ms: Math.round(timingsMs.total),
      result: { ...(contractResult ?? body), ...(model && { model_fingerprint: model.fingerprint }) },
    };
    return { response, model };
  }

  private defaultTask(): Task {
    const available = this.catalogue.available();
    const task = defaultTasks.flatMap((name) => available.find((candidate) => candidate.name === name) ?? [])[0];
    if (!task) throw new AppError('unavailable', 'no detector is available', { retryAfterMs: 5_000, details: { weights: 'missing' } });
    return task;
  }
}
