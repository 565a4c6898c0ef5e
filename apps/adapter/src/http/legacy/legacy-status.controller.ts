import { Controller, Get, Query } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import { EnginePool, type EnginePoolStatus } from '../../engine/engine-pool.js';
import type { ModelStatus } from '../../engine/protocol.js';
import { SystemHardware } from '../system-hardware.js';
import { LegacyTasks, type LegacyTask } from './legacy-tasks.js';

/** What the adapter is, what it can do and how it is: nothing here waits for a model. */
@Controller()
export class LegacyStatusController {
  constructor(
    private readonly pool: EnginePool,
    private readonly tasks: LegacyTasks,
    private readonly hardware: SystemHardware,
  ) {}

  @Get('health')
  @Policy({ kind: 'public' })
  health(): object {
    const { models, processes, ready, busy, queued, deaths } = this.pool.status;
    const loaded = models.filter((model) => model.loaded);
    return {
      status: healthOf(this.pool.status),
      active_adapters: loaded.length,
      system_hardware: this.hardware.read(),
      models_loaded: loaded.map(({ name, version, fingerprint, device, precision }) => ({ name, version, fingerprint, device, precision })),
      adapter_details: Object.fromEntries(models.map((model) => [model.name, detailOf(model)])),
      engine: { processes, ready, busy, queued, deaths },
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
    const { models } = this.pool.status;
    const usable = models.filter(({ problem }) => problem === undefined);
    return {
      adapters: usable.map(({ name }) => name),
      count: usable.length,
      details: models.map((model) => ({
        name: model.name,
        enabled: model.problem === undefined,
        model_loaded: model.loaded,
        tasks: this.tasksOf(model).map(({ name }) => name),
        model: model.description,
        version: model.version,
        device: model.device,
      })),
    };
  }

  @Get('tasks')
  @Policy({ kind: 'authenticated' })
  listTasks(): object {
    const { models } = this.pool.status;
    const tasks = this.tasks.available().map((task) => {
      const model = models.find(({ tasks: engineTasks }) => engineTasks.includes(task.engineTask));
      return { task: task.name, adapter: model?.name, enabled: true, model_loaded: model?.loaded ?? false, description: task.description };
    });
    return { tasks, count: tasks.length };
  }

  @Get('schema')
  @Policy({ kind: 'authenticated' })
  schema(@Query('task') name: unknown): object {
    const tasks = this.tasks.available();
    if (name === undefined) return { schemas: Object.fromEntries(tasks.map((task) => [task.name, schemaOf(task)])) };
    const task = tasks.find((candidate) => candidate.name === name);
    if (!task) throw new AppError('not_found', `No routing rule found for task '${String(name).slice(0, 64)}'`);
    const model = this.pool.status.models.find(({ tasks: engineTasks }) => engineTasks.includes(task.engineTask));
    return { task: task.name, adapter: model?.name, schema: schemaOf(task) };
  }

  private tasksOf(model: ModelStatus): LegacyTask[] {
    return this.tasks.available().filter(({ engineTask }) => model.tasks.includes(engineTask));
  }
}

function healthOf({ started, ready, processes, models }: EnginePoolStatus): 'starting' | 'degraded' | 'healthy' {
  if (!started) return 'starting';
  return ready < processes || models.some(({ problem }) => problem !== undefined) ? 'degraded' : 'healthy';
}

function detailOf(model: ModelStatus): object {
  return {
    status: model.problem === undefined ? 'healthy' : 'unavailable',
    model_loaded: model.loaded,
    model_info: { description: model.description, version: model.version, device: model.device, problem: model.problem },
  };
}

function schemaOf(task: LegacyTask): object {
  return z.toJSONSchema(task.input, { io: 'input' });
}
