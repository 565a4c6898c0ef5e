import { Bus } from '@nightjar/messaging';
import { systemClock as clock, type ProcessContext } from '@nightjar/runtime';
import type { AdapterConfig } from './config.js';
import { EnginePool } from './engine/engine-pool.js';
import { startAdapterHttp } from './http/adapter-http.js';
import { LegacyTasks } from './http/legacy/legacy-tasks.js';
import { SystemHardware } from './http/system-hardware.js';
import { BusFrames } from './intake/bus-frames.js';
import { FrameResolver } from './intake/frame-resolver.js';
import { FramesDirectory } from './intake/frames-directory.js';
import { maxPictureBytes } from './intake/picture-header.js';
import { subscribe } from './subscriptions.js';

/** Requests that wait for a free engine process; more are answered `overloaded`. */
const queueCapacity = 64;
const hangMs = 10_000;
const startTimeoutMs = 60_000;

/**
 * Brings the adapter up. HTTP is first and says `starting`; work from the bus is taken only when the models are warm. The stop
 * goes the other way.
 * @throws AppError when no engine process can start: configuration or files are wrong
 */
export async function startAdapter({ logger, shutdown, health }: ProcessContext, config: AdapterConfig): Promise<void> {
  const pool = openPool(config, logger);
  shutdown.register('engine processes', (deadline) => pool.stop(deadline));
  health.addCheck('engine', () => describeUnreadiness(pool, config));

  const bus = config.natsUrl === undefined ? undefined : Bus.open({ url: config.natsUrl, name: config.adapterId, logger });
  if (bus) shutdown.register('bus', () => bus.close());

  const frames = new FrameResolver({
    directory: new FramesDirectory(config.framesDir, maxPictureBytes),
    bus: bus && new BusFrames(bus),
    allowed: config.framesAllowed,
  });
  const parts = { pool, frames, tasks: new LegacyTasks(pool, clock), hardware: new SystemHardware() };
  const http = await startAdapterHttp({ host: config.host, port: config.port, apiKey: config.apiKey, parts, health, logger });
  shutdown.register('http', () => http.close());
  shutdown.register('requests in flight', (deadline) => http.requests.finished(deadline));
  logger.info('adapter listens', { url: http.url });

  try {
    await pool.start(shutdown.signal);
  } catch (error) {
    // Told to stop in the middle of the start: that is no failure.
    if (shutdown.signal.aborted) return;
    throw error;
  }
  if (bus) {
    const subscriptions = subscribe({ bus, pool, adapterId: config.adapterId, clock, logger });
    shutdown.register('bus intake', () => subscriptions.stop());
  }
}

function openPool(config: AdapterConfig, logger: ProcessContext['logger']): EnginePool {
  return new EnginePool({
    entry: new URL('./engine/engine-process.js', import.meta.url),
    processes: config.engineProcesses,
    settings: { modelCacheDir: config.modelCacheDir, preload: config.preload, logLevel: config.logLevel },
    queueCapacity,
    hangMs,
    startTimeoutMs,
    clock,
    logger,
  });
}

/** Ready: an engine process is up, and the models to preload are loaded and warm. */
function describeUnreadiness(pool: EnginePool, { preload }: AdapterConfig): string | undefined {
  const { ready, models } = pool.status;
  if (ready === 0) return 'no engine process is ready';
  const missing = preload.filter((name) => !models.some((model) => model.name === name && model.loaded));
  return missing.length === 0 ? undefined : `models are not loaded: ${missing.join(', ')}`;
}
