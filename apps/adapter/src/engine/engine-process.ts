import { AppError } from '@nightjar/runtime/app-error';
import { createLogger, type Logger } from '@nightjar/runtime/logger';
import { engineTaskTable } from '../detection/engine-task-table.js';
import { ConvertedModelCache } from '../models/converted-model-cache.js';
import { ModelRepository } from '../models/model-repository.js';
import { ModelStore, type ModelState } from '../models/model-store.js';
import type { EngineCommand, EngineReport, EngineResult, EngineSettings, EngineTaskName, EngineWork, ModelStatus } from './protocol.js';

/** Entry of an engine process: it decodes pictures and runs models, one request at a time, until its parent goes away. */
class EngineProcess {
  private models: ModelStore | undefined;
  private logger: Logger = createLogger({ service: 'adapter-engine', level: 'info' });

  async receive(command: EngineCommand): Promise<void> {
    switch (command.type) {
      case 'configure':
        return this.configure(command.settings);
      case 'run':
        return this.run(command.requestId, command.work);
      case 'stop':
        return process.exit();
    }
  }

  private async configure(settings: EngineSettings): Promise<void> {
    this.logger = createLogger({ service: 'adapter-engine', level: settings.logLevel });
    const repository = new ModelRepository();
    const cache = new ConvertedModelCache(settings.modelCacheDir, this.logger);
    this.models = new ModelStore({ repository, cache, logger: this.logger });
    try {
      await this.models.verifyAll();
      for (const name of settings.preload) await this.models.get(name);
      await report({ type: 'ready', models: statusOf(this.models) });
    } catch (error) {
      this.logger.error('the engine process cannot start', { error });
      await report({ type: 'start_failed', ...describeFailure(error) });
      process.exit(1);
    }
  }

  private async run(requestId: number, work: EngineWork): Promise<void> {
    try {
      const result = await this.perform(work);
      await report({ type: 'result', requestId, result });
    } catch (error) {
      const failure = describeFailure(error);
      if (failure.code === 'model_error') this.logger.error('a request failed in the engine', { task: work.task, error });
      await report({ type: 'failure', requestId, ...failure });
    }
  }

  private async perform<Task extends EngineTaskName>(work: EngineWork<Task>): Promise<EngineResult<Task>> {
    if (!this.models) throw new Error('the engine process was not configured');
    const task = engineTaskTable[work.task];
    const isFirstUse = !this.models.isLoaded(task.model);
    const model = await this.models.get(task.model);
    if (isFirstUse) await report({ type: 'models', models: statusOf(this.models) });
    return task.run({ model, picture: work.picture, options: work.options });
  }
}

/** Resolves when the message is on its way. A parent that is gone is no error here: `disconnect` follows. */
function report(message: EngineReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });
}

/** What the parent learns of an error. What is no AppError came out of a library while it worked on this very request. */
function describeFailure(error: unknown): { code: AppError['code']; message: string } {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  return { code: 'model_error', message: 'the model failed on this picture' };
}

function statusOf(models: ModelStore): ModelStatus[] {
  return models.states().map(toStatus);
}

function toStatus({ manifest, fingerprint, loaded, problem }: ModelState): ModelStatus {
  const names = Object.keys(engineTaskTable) as EngineTaskName[];
  return {
    name: manifest.name,
    version: manifest.version,
    description: manifest.description,
    tasks: names.filter((name) => engineTaskTable[name].model === manifest.name),
    device: 'cpu',
    loaded: loaded !== undefined,
    fingerprint,
    precision: loaded?.precision,
    problem,
  };
}

if (process.send === undefined) {
  process.stderr.write('an engine process is started by the adapter, not by hand\n');
  process.exit(2);
}
const engine = new EngineProcess();
process.on('message', (command: EngineCommand) => void engine.receive(command));
// The channel closes when the parent dies, however it dies: nothing must be left behind.
process.on('disconnect', () => process.exit());
// Ctrl-C at a terminal reaches the whole group: the parent decides when this process stops.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
