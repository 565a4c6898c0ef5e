import { SecretBox } from '@nightjar/auth';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import { systemClock, type Clock, type Logger, type ProcessContext, type Shutdown } from '@nightjar/runtime';
import type { GatewayConfig } from './config.js';
import { OperationPaths } from './http/operation-paths.js';
import { MoveNudges } from './jobs/move-nudges.js';
import { MediaStore } from './uploads/media-store.js';

/** Long-lived things that every feature of the gateway stands on. */
export interface GatewayParts {
  config: GatewayConfig;
  database: JobsDatabase;
  bus: Bus;
  moves: MoveNudges;
  media: MediaStore;
  paths: OperationPaths;
  /** Undefined without NIGHTJAR_SECRET_KEY: what needs a secret kept is refused. */
  box: SecretBox | undefined;
  clock: Clock;
  logger: Logger;
  shutdown: Shutdown;
}

/** Opens what stands below; nothing has to answer yet but the disk. */
export async function openParts({ logger, shutdown }: ProcessContext, config: GatewayConfig): Promise<GatewayParts> {
  const media = await MediaStore.open(config.mediaDir);
  const database = openJobsDatabase({ url: config.databaseUrl });
  shutdown.register('database', () => database.$disconnect());
  const bus = Bus.open({ url: config.natsUrl, name: 'gateway', logger });
  shutdown.register('bus', () => bus.close());
  const moves = new MoveNudges(bus);
  shutdown.register('nudges', () => moves.stop());
  const paths = new OperationPaths(config.operationPaths);
  const box = config.secretKey === undefined ? undefined : new SecretBox(config.secretKey);
  return { config, database, bus, moves, media, paths, box, clock: systemClock, logger, shutdown };
}
