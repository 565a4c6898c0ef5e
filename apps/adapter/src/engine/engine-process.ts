import { createLogger, type Logger } from '@nightjar/runtime/logger';
import { describeFailure, runWork } from '../engine-tasks/run-work.js';
import { UserTasks } from '../engine-tasks/user-tasks/user-tasks.js';
import { ConvertedModelCache } from '../models/converted-model-cache.js';
import { ModelRepository } from '../models/model-repository.js';
import { ModelStore } from '../models/model-store.js';
import { ResidentModels, type RunModels } from './resident-models.js';
import type { EngineCatalogue, EngineCommand, EngineReport, EngineSettings, EngineWork } from './protocol.js';

const pulseEveryMsUnlessTold = 1_000;
/** A try blocks the process for half a second. */
const providersTriedEveryMs = 30_000;

/** Entry of an engine process: it decodes pictures and runs models, until its parent goes away. */
class EngineProcess {
  private resident: ResidentModels | undefined;
  private holder: ModelStore | undefined;
  private nextProvidersTryMs = performance.now() + providersTriedEveryMs;
  private userTasks: UserTasks | undefined;
  private ready = false;
  private readonly runs = new Map<number, RunModels>();
  private logger: Logger = createLogger({ service: 'adapter-engine', level: 'info' });

  async receive(command: EngineCommand): Promise<void> {
    switch (command.type) {
      case 'configure':
        return this.configure(command.settings);
      case 'run':
        return this.run(command.requestId, command.work);
      case 'cancel':
        return this.runs.get(command.requestId)?.cancel();
      case 'load':
        return this.control(command.requestId, () => this.models.load(command.model));
      case 'unload':
        return this.control(command.requestId, () => this.models.unload(command.model));
      case 'rescan':
        return this.control(command.requestId, () => this.rescan());
      case 'refuse':
        return this.models.refuse(command.models);
      case 'stop':
        return process.exit();
    }
  }

  private get models(): ResidentModels {
    if (!this.resident) throw new Error('the engine process was not configured');
    return this.resident;
  }

  private async configure(settings: EngineSettings): Promise<void> {
    this.logger = createLogger({ service: 'adapter-engine', level: settings.logLevel });
    const repository = new ModelRepository({ modelsDir: settings.modelsDir });
    const cache = new ConvertedModelCache(settings.modelCacheDir, this.logger);
    const { defaultModels = {}, providers } = settings;
    const holder = new ModelStore({ repository, cache, defaultModels, providers, logger: this.logger });
    this.holder = holder;
    this.resident = new ResidentModels({ holder, settings, logger: this.logger, onChange: () => this.tellChange() });
    setInterval(() => this.beat(), settings.pulseEveryMs ?? pulseEveryMsUnlessTold);
    this.userTasks = new UserTasks(settings.tasksDir, this.logger);
    try {
      await this.models.start();
      await this.userTasks.rescan();
      this.ready = true;
      this.beat();
      await report({ type: 'ready', catalogue: this.catalogue() });
    } catch (error) {
      this.logger.error('the engine process cannot start', { error });
      const { code, message } = describeFailure(error);
      await report({ type: 'start_failed', code, message });
      process.exit(1);
    }
  }

  private async run(requestId: number, work: EngineWork): Promise<void> {
    const models = this.models.openRun();
    this.runs.set(requestId, models);
    const { result, failures } = await runWork(work, models, this.userTasks);
    this.runs.delete(requestId);
    models.close();
    for (const error of failures) {
      if (describeFailure(error).code === 'model_error') this.logger.error('a request failed in the engine', { error });
    }
    await report({ type: 'result', requestId, result });
  }

  /** Does a command about models and tells what there is then. */
  private async control(requestId: number, perform: () => Promise<void>): Promise<void> {
    try {
      await perform();
      await report({ type: 'catalogue', catalogue: this.catalogue() });
      await report({ type: 'done', requestId });
    } catch (error) {
      this.logger.warn('an engine command failed', { error });
      const { code, message } = describeFailure(error);
      await report({ type: 'failure', requestId, code, message });
    }
  }

  private async rescan(): Promise<void> {
    await this.models.rescan();
    await this.userTasks?.rescan();
  }

  private tellChange(): void {
    void this.pulse();
    // What is loading is told by the pulse; the catalogue changes when it is there.
    if (this.ready && this.models.loading === undefined) void report({ type: 'catalogue', catalogue: this.catalogue() });
  }

  private beat(): void {
    void this.pulse();
    void this.models.unloadIdle();
    if (performance.now() >= this.nextProvidersTryMs) void this.retryProviders();
  }

  private async retryProviders(): Promise<void> {
    this.nextProvidersTryMs = performance.now() + providersTriedEveryMs;
    if (await this.holder?.retryProviders()) this.tellChange();
  }

  private pulse(): Promise<void> {
    return report({ type: 'pulse', memory: this.models.memory, loading: this.models.loading });
  }

  private catalogue(): EngineCatalogue {
    return { models: this.models.states(), userTasks: this.userTasks?.list() ?? [], missingProviders: this.holder?.missingProviders ?? [] };
  }
}

/** Resolves when the message is on its way. A parent that is gone is no error here: `disconnect` follows. */
function report(message: EngineReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });
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
