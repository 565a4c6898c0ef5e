import { Bus } from '@nightjar/messaging';
import { systemClock as clock, type ProcessContext } from '@nightjar/runtime';
import type { AdapterConfig } from './config.js';
import { EnginePool } from './engine/engine-pool.js';
import { FolderWatch } from './engine/folder-watch.js';
import { BusFaceStore } from './faces/bus-face-store.js';
import { FaceRegistry } from './faces/face-registry.js';
import { LocalFaceStore } from './faces/local-face-store.js';
import { startAdapterHttp } from './http/adapter-http.js';
import { SystemHardware } from './http/system-hardware.js';
import { BusFrames } from './intake/bus-frames.js';
import { FrameResolver } from './intake/frame-resolver.js';
import { FramesDirectory } from './intake/frames-directory.js';
import { maxPictureBytes } from './intake/picture-header.js';
import { RemoteFrames } from './intake/remote-frames/remote-frames.js';
import { subscribe } from './subscriptions.js';
import { builtinTasks } from './tasks/builtin-tasks.js';
import { TaskCatalogue } from './tasks/task-catalogue.js';

/** Requests that wait for a free engine process; more are answered `overloaded`. */
const leastQueueCapacity = 64;
const queuedPerSlot = 8;
const hangMs = 10_000;
const startTimeoutMs = 60_000;
/** TensorRT builds an engine for this very GPU when it loads a model for the first time. */
const tensorrtStartTimeoutMs = 15 * 60_000;
const rescanTimeoutMs = 10 * 60_000;

/**
 * Brings the adapter up. HTTP is first and says `starting`; work from the bus is taken only when the models are warm. The stop
 * goes the other way.
 * @throws AppError when no engine process can start: configuration or files are wrong
 */
export async function startAdapter({ logger, shutdown, health }: ProcessContext, config: AdapterConfig): Promise<void> {
  const pool = openPool(config, logger);
  shutdown.register('engine processes', (deadline) => pool.stop(deadline));
  health.addCheck('engine', () => describeUnreadiness(pool));

  const bus = config.natsUrl === undefined ? undefined : Bus.open({ url: config.natsUrl, name: config.adapterId, logger });
  if (bus) shutdown.register('bus', () => bus.close());

  const frames = new FrameResolver({
    directory: new FramesDirectory(config.framesDir, maxPictureBytes),
    bus: bus && new BusFrames(bus),
    allowed: config.framesAllowed,
    remote: config.urlFrames && new RemoteFrames({ maxBytes: maxPictureBytes, ...config.urlFrames }),
  });
  const faces = new FaceRegistry(bus ? new BusFaceStore({ bus, logger }) : new LocalFaceStore({ file: config.facesFile, clock }));
  await faces.start();
  shutdown.register('face registry', () => faces.stop());
  const catalogue = new TaskCatalogue(pool, builtinTasks({ clock, faces }), config.tasksEnabled);
  const parts = { pool, faces, catalogue, frames, hardware: new SystemHardware(), providers: config.providers };
  const http = await startAdapterHttp({
    host: config.host,
    port: config.port,
    credentials: config.credentials,
    rootSurface: config.rootSurface,
    parts,
    health,
    logger,
  });
  shutdown.register('http', () => http.close());
  shutdown.register('requests in flight', (deadline) => http.requests.finished(deadline));
  shutdown.register('streams', (deadline) => http.streams.stop(deadline));
  logger.info('adapter listens', { url: http.url });

  try {
    await pool.start(shutdown.signal);
  } catch (error) {
    // Told to stop in the middle of the start: that is no failure.
    if (shutdown.signal.aborted) return;
    throw error;
  }
  const watch = new FolderWatch({
    folders: [config.modelsDir, config.tasksDir],
    onChange: () => pool.rescan({ timeoutMs: rescanTimeoutMs, signal: shutdown.signal }),
    logger,
  });
  watch.start();
  shutdown.register('folder watch', () => watch.stop());
  if (bus) {
    const subscriptions = subscribe({ bus, pool, adapterId: config.adapterId, clock, logger });
    shutdown.register('bus intake', () => subscriptions.stop());
  }
}

function openPool(config: AdapterConfig, logger: ProcessContext['logger']): EnginePool {
  return new EnginePool({
    entry: new URL('./engine/engine-process.js', import.meta.url),
    processes: config.engineProcesses,
    runsAtOnce: config.runsAtOnce,
    memoryBudgetBytes: config.memoryBudgetBytes,
    vramBudgetBytes: config.vramBudgetBytes,
    settings: {
      modelCacheDir: config.modelCacheDir,
      modelsDir: config.modelsDir,
      tasksDir: config.tasksDir,
      preload: config.preload,
      defaultModels: config.defaultModels,
      providers: config.providers,
      idleUnloadMs: config.idleUnloadMs,
      logLevel: config.logLevel,
    },
    queueCapacity: Math.max(leastQueueCapacity, queuedPerSlot * config.engineProcesses * config.runsAtOnce),
    hangMs,
    startTimeoutMs: config.providers.includes('tensorrt') ? tensorrtStartTimeoutMs : startTimeoutMs,
    clock,
    logger,
  });
}

/** Ready: an engine process is up, and the models to preload are loaded and warm, unless somebody had them unloaded. */
function describeUnreadiness(pool: EnginePool): string | undefined {
  const { ready, missingModels } = pool.status;
  if (ready === 0) return 'no engine process is ready';
  return missingModels.length === 0 ? undefined : `models are not loaded: ${missingModels.join(', ')}`;
}
