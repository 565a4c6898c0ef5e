import { Health } from './health.js';
import { createLogger, withoutCredentials, type Logger } from './logger.js';
import { loadSettings, SettingsError } from './settings.js';
import { Shutdown } from './shutdown.js';

export interface ProcessContext {
  logger: Logger;
  shutdown: Shutdown;
  health: Health;
}

/**
 * Frame of every service's `main.ts`: logger, ordered shutdown, and one clear line with exit code 1 when the start fails
 * for a reason that the operator can mend. `start` registers its stop steps as it goes; a failed start runs them.
 */
export async function runProcess(service: string, start: (context: ProcessContext) => Promise<void>): Promise<void> {
  let shutdown: Shutdown | undefined;
  try {
    const { NIGHTJAR_LOG_LEVEL: level, NIGHTJAR_SUPERVISED: supervised } = loadSettings(['NIGHTJAR_LOG_LEVEL', 'NIGHTJAR_SUPERVISED']);
    const logger = createLogger({ service, level });
    shutdown = new Shutdown({ logger });
    const health = new Health();
    shutdown.listen({ supervised });
    process.on('unhandledRejection', (error) => {
      logger.error('unhandled rejection', { error });
      process.exit(1);
    });
    await start({ logger, shutdown, health });
    shutdown.register('readiness', () => health.drain());
    logger.info('started');
  } catch (error) {
    console.error(`nightjar ${service}: ${startFailure(error)}`);
    await shutdown?.run('the start failed');
    process.exit(1);
  }
}

function startFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, port, path } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is taken: stop what listens there or set another port`;
  if (code === 'EACCES' && port !== undefined) return `no right to listen on port ${port}: choose one above 1023`;
  if (code === 'EACCES') return `no right to use ${path ?? 'a file'}: check its owner and mode`;
  if (code === 'ENOSPC') return 'the disk is full: free some space or set NIGHTJAR_DATA_DIR to another disk';
  if (error instanceof SettingsError || error.name === 'AppError') return withoutCredentials(error.message);
  return withoutCredentials(error.stack ?? error.message);
}
