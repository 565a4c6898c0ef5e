import { Controller, Get, Query } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { EnginePool, type EnginePoolStatus } from '../../engine/engine-pool.js';
import type { EngineProcessStatus } from '../../engine/engine-team.js';
import { FaceRegistry } from '../../faces/face-registry.js';
import type { Task } from '../../tasks/task.js';
import { TaskCatalogue } from '../../tasks/task-catalogue.js';
import { inputSchema } from '../docs/task-schemas.js';
import { SystemHardware } from '../system-hardware.js';
import { describeAdapter, describeDetail, describeLoaded, megabytes, nameModels } from './describe-models.js';

/** What the adapter is, what it can do and how it is: nothing here waits for a model. */
@Controller()
export class LegacyStatusController {
  constructor(
    private readonly pool: EnginePool,
    private readonly tasks: TaskCatalogue,
    private readonly faces: FaceRegistry,
    private readonly hardware: SystemHardware,
  ) {}

  /** Open to everybody: no path, host or user name in it. */
  @Get('health')
  @Policy({ kind: 'public' })
  async health(): Promise<object> {
    const { status } = this.pool;
    const { processes, ready, busy, queued, deaths, models, missingProviders, missingModels } = status;
    const { scope, problem } = this.faces.status;
    const userTasks = this.describeUserTasks();
    const problems = [problem, ...[...models, ...userTasks].map((one) => one.problem)].filter((text) => text !== undefined);
    const loaded = models.filter((model) => model.loaded);
    return {
      status: conditionOf(status, problems),
      active_adapters: loaded.length,
      system_hardware: await this.hardware.read(),
      models_loaded: loaded.map(describeLoaded),
      adapter_details: Object.fromEntries(nameModels(models).map(({ adapter, model }) => [adapter, describeDetail(model)])),
      user_tasks: userTasks,
      missing_models: missingModels,
      missing_providers: missingProviders,
      face_registry: { scope, problem },
      engine: {
        processes,
        ready,
        busy,
        queued,
        deaths,
        memory_mb: megabytes(status.residentBytes),
        refused_models: status.refusedModels,
        process_details: status.engineProcesses.map(describeProcess),
      },
    };
  }

  @Get('capabilities')
  @Policy({ kind: 'public' })
  capabilities(): object {
    return { tasks: this.tasks.available().map(({ name }) => name) };
  }

  @Get('adapters')
  @Policy({ kind: 'authenticated' })
  adapters(): object {
    const named = nameModels(this.pool.status.models);
    const adapters = named.filter(({ model }) => model.problem === undefined).map(({ adapter }) => adapter);
    const details = named.map((one) => describeAdapter(one, one.model.problem === undefined ? this.tasksOf(one.model.kind) : []));
    return { adapters, count: adapters.length, details, task_problems: this.tasks.problems() };
  }

  @Get('tasks')
  @Policy({ kind: 'authenticated' })
  listTasks(): object {
    const available = new Set(this.tasks.available());
    const tasks = this.tasks.all().map((task) => {
      const model = this.tasks.modelOf(task);
      const enabled = available.has(task);
      return {
        task: task.name,
        adapter: model?.name,
        enabled,
        // A task without a model is always ready to work.
        model_loaded: model?.loaded ?? enabled,
        description: task.description,
        ...(enabled ? {} : { needs: task.needs }),
      };
    });
    const broken = this.tasks.problems().map(({ name, problem }) => ({ task: name, enabled: false, model_loaded: false, problem }));
    return { tasks: [...tasks, ...broken], count: tasks.length + broken.length };
  }

  @Get('schema')
  @Policy({ kind: 'authenticated' })
  schema(@Query('task') name: unknown): object {
    const tasks = this.tasks.available();
    if (name === undefined) return { schemas: Object.fromEntries(tasks.map((task) => [task.name, inputSchema(task)])) };
    const task = tasks.find((candidate) => candidate.name === name);
    if (!task) throw new AppError('not_found', `No routing rule found for task '${String(name).slice(0, 64)}'`);
    return { task: task.name, adapter: this.tasks.modelOf(task)?.name, schema: inputSchema(task) };
  }

  private tasksOf(kind: Task['needs'][number]): string[] {
    return this.tasks.tasksWith(kind).map(({ name }) => name);
  }

  /** Tasks of the operator's folder. */
  private describeUserTasks(): { name: string; version: string; problem: string | undefined }[] {
    const problems = new Map(this.tasks.problems().map(({ name, problem }) => [name, problem]));
    return this.pool.status.userTasks.map(({ name, version }) => ({ name, version, problem: problems.get(name) }));
  }
}

function conditionOf(status: EnginePoolStatus, problems: readonly string[]): 'starting' | 'degraded' | 'healthy' {
  const { started, ready, processes, missingModels, missingProviders } = status;
  if (!started) return 'starting';
  const isWhole = ready === processes && missingModels.length === 0 && missingProviders.length === 0 && problems.length === 0;
  return isWhole ? 'healthy' : 'degraded';
}

/** One engine process: how it is, since when, and why its predecessor ended. */
function describeProcess({ state, sinceUnixMs, runs, restarts, lastExit, residentBytes }: EngineProcessStatus): object {
  return {
    state,
    since: new Date(sinceUnixMs).toISOString(),
    running: runs,
    restarts,
    memory_mb: megabytes(residentBytes),
    last_exit: lastExit && {
      reason: lastExit.reason,
      code: lastExit.code,
      signal: lastExit.signal,
      at: new Date(lastExit.atUnixMs).toISOString(),
    },
  };
}
