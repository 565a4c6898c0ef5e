import { AppError } from '@nightjar/runtime';
import type { EnginePool } from '../engine/engine-pool.js';
import type { PoolCatalogue } from '../engine/pool-catalogue.js';
import type { ModelKind, ModelStatus, UserTaskStatus } from '../engine/protocol.js';
import type { Task } from './task.js';
import { userTask } from './user-task/user-task.js';

/** The tasks there are. One is offered while models that can do it are present and verified. */
export class TaskCatalogue {
  /** Made once for each list that the engine processes report: their schemas are parsed. */
  private knownUserTasks: { from: readonly UserTaskStatus[]; tasks: Task[] } = { from: [], tasks: [] };
  /** Made once for each catalogue of the pool: every request asks for it. */
  private offered: { from: PoolCatalogue | undefined; tasks: readonly Task[] } = { from: undefined, tasks: [] };

  constructor(
    private readonly pool: EnginePool,
    private readonly builtin: readonly Task[],
    /** Names of the tasks that may be offered; absent: all. */
    private readonly enabled?: ReadonlySet<string>,
  ) {}

  available(): readonly Task[] {
    const from = this.pool.catalogue;
    if (this.offered.from !== from) {
      const usable = new Set(this.usableModels().map(({ kind }) => kind));
      this.offered = { from, tasks: this.all().filter(({ needs }) => needs.every((kind) => usable.has(kind))) };
    }
    return this.offered.tasks;
  }

  /** All that are enabled, also those that no model can do now: built-in ones, then those of the operator's folder. */
  all(): readonly Task[] {
    return [...this.builtin, ...this.userTasks()].filter(({ name }) => this.enabled?.has(name) ?? true);
  }

  /** Tasks of the operator's folder that can't be offered, with the reason. */
  problems(): { name: string; problem: string }[] {
    return this.pool.catalogue.userTasks.flatMap(({ name, problem }) => {
      const why = problem ?? (this.isBuiltin(name) ? 'the name belongs to a built-in task' : undefined);
      return why === undefined ? [] : [{ name, problem: why }];
    });
  }

  /** @throws AppError `invalid_argument` with the list of tasks; `unavailable` with the reason why a task can't be done now */
  require(name: string): Task {
    // While the engine processes start nothing is known to be available: a request for a known task then waits for them.
    const offered = this.pool.catalogue.models.length === 0 ? this.all() : this.available();
    const task = offered.find((candidate) => candidate.name === name);
    if (task) return task;
    const reason = this.whyNotOffered(name);
    if (reason !== undefined) throw new AppError('unavailable', `task '${name}' can't be done now: ${reason}`);
    const names = offered.map((candidate) => candidate.name).join(', ');
    throw new AppError('invalid_argument', `Unknown task '${name.slice(0, 64)}'; available tasks: ${names || 'none'}`);
  }

  /** The model that does a task when the caller names none; undefined for a task without a model. */
  modelOf({ needs: [kind] }: Task): ModelStatus | undefined {
    const ofKind = this.usableModels().filter((model) => model.kind === kind);
    return ofKind.find(({ isDefault }) => isDefault) ?? ofKind[0];
  }

  /** Tasks that a model of this kind takes part in. */
  tasksWith(kind: ModelKind): Task[] {
    return this.available().filter(({ needs }) => needs.includes(kind));
  }

  /** What is the matter with the models that a known task needs; undefined where nobody ever brought one. */
  private whyNotOffered(name: string): string | undefined {
    const needs = this.all().find((task) => task.name === name)?.needs ?? [];
    const broken = this.pool.catalogue.models.find(({ kind, problem }) => problem !== undefined && needs.includes(kind));
    return broken && `model "${broken.name}": ${broken.problem}`;
  }

  private userTasks(): Task[] {
    const { userTasks } = this.pool.catalogue;
    if (userTasks !== this.knownUserTasks.from) {
      const usable = userTasks.filter(({ name, problem }) => problem === undefined && !this.isBuiltin(name));
      this.knownUserTasks = { from: userTasks, tasks: usable.map(userTask) };
    }
    return this.knownUserTasks.tasks;
  }

  private isBuiltin(name: string): boolean {
    return this.builtin.some((task) => task.name === name);
  }

  private usableModels(): ModelStatus[] {
    return this.pool.catalogue.models.filter(({ problem }) => problem === undefined);
  }
}
