import type { INestApplicationContext } from '@nestjs/common';
import { enforcePolicies, SecretBox } from '@nightjar/auth';
import { openNvrDatabase } from '@nightjar/database';
import { findFfmpeg } from '@nightjar/media';
import { Bus } from '@nightjar/messaging';
import { AppError, startHttpApp, systemClock, type Health, type ProcessContext } from '@nightjar/runtime';
import type { RecorderConfig } from './config.js';
import { whenDatabaseAnswers } from './http/database-away.js';
import { renderDetail } from './http/render-error.js';
import type { ProcessParts } from './process-parts.js';
import { RecorderModule } from './recorder/recorder.module.js';
import { RecorderCondition } from './recorder/recorder-condition.js';
import { RecorderService } from './recorder/recorder.service.js';
import { RecordingRepair } from './recorder/recording-repair.js';
import { SegmentRows } from './recorder/segment-rows.js';
import { ArchiveService } from './retention/archive.service.js';
import { RetentionService } from './retention/retention.service.js';
import { subscribeRecorder } from './recorder.subscriptions.js';

/** Nobody sends this process anything but probes. */
const bodyLimitBytes = 1_024;

/** Brings the recorder process up: what was interrupted is repaired, then every camera that wants it is recorded. */
export async function startRecorder(context: ProcessContext, config: RecorderConfig): Promise<{ url: string }> {
  const { health, logger, shutdown } = context;
  const ffmpeg = await findFfmpeg({ configuredPath: config.ffmpegPath });
  if (!ffmpeg) throw new AppError('unavailable', 'no FFmpeg was found: install it or set FFMPEG_PATH');
  const database = openNvrDatabase({ url: config.databaseUrl, connectionsMax: 4 });
  shutdown.register('database', () => database.$disconnect());
  const bus = Bus.open({ url: config.natsUrl, name: 'nvr recorder', logger });
  shutdown.register('bus', () => bus.close());
  const parts: ProcessParts<RecorderConfig> = {
    config,
    logger,
    clock: systemClock,
    database,
    bus,
    secretBox: new SecretBox(config.secretKey),
  };
  const start = { isRepaired: false };
  const http = await startHttpApp({
    module: RecorderModule.with(parts, ffmpeg),
    host: config.host,
    port: config.port,
    logger,
    health,
    bodyLimitBytes,
    configure: (fastify) => {
      enforcePolicies(fastify, () => Promise.reject(new AppError('unauthenticated', 'Not authenticated')));
    },
    renderError: renderDetail,
  });
  shutdown.register('http', () => http.close());
  addReadinessChecks(health, { parts, condition: http.app.get(RecorderCondition), start });
  subscribeRecorder(bus, http.app);
  await record(context, http.app, start);
  return { url: http.url };
}

async function record({ logger, shutdown }: ProcessContext, app: INestApplicationContext, start: { isRepaired: boolean }): Promise<void> {
  const repair = app.get(RecordingRepair);
  const startedAtMs = systemClock.wallMs();
  await whenDatabaseAnswers(shutdown.signal, async () => {
    await repair.closeOpenSegments();
  });
  start.isRepaired = true;
  const rows = app.get(SegmentRows);
  const stopRows = new AbortController();
  const writingRows = rows.run(stopRows.signal);
  const recording = app.get(RecorderService).run(shutdown.signal);
  const indexing = repair
    .indexLostFiles(startedAtMs, { signal: shutdown.signal, mayMove: false })
    .catch((error: unknown) => logger.error('files without rows cannot be looked for', { error }));
  const retaining = app.get(RetentionService).run(shutdown.signal);
  // Only then: what looks like left over from a move must not be one that is under way.
  const archiving = indexing.then(() => app.get(ArchiveService).run(shutdown.signal));
  shutdown.register('recording', async () => {
    await recording;
    await indexing;
    await retaining;
    await archiving;
    stopRows.abort();
    await writingRows;
    await rows.flush();
  });
}

function addReadinessChecks(
  health: Health,
  options: { parts: ProcessParts<RecorderConfig>; condition: RecorderCondition; start: { isRepaired: boolean } },
): void {
  const { condition, parts, start } = options;
  health.addCheck('database', async () => {
    await parts.database.$queryRaw`SELECT 1`;
    return start.isRepaired ? undefined : 'recordings are being repaired';
  });
  health.addCheck('bus', () => (parts.bus.connected ? undefined : 'not connected'));
  health.addCheck('disk', () => condition.diskProblem);
}
