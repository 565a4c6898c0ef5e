import { readRecorderState } from '@nightjar/contracts';
import { openNvrDatabase } from '@nightjar/database';
import { Bus } from '@nightjar/messaging';
import { AppError, createLogger, deadlineSignal, SettingsError, withoutCredentials, type Logger } from '@nightjar/runtime';
import { CamerasStore } from './cameras/cameras.store.js';
import { readRecorderConfig, type RecorderConfig } from './config.js';
import { checkRecordings } from './recorder/recordings-check.js';
import { RecordingRepair } from './recorder/recording-repair.js';
import { SegmentsStore } from './segments/segments.store.js';

const usage = `usage: node apps/nvr/dist/fsck.main.js [--deep] [--restore-cameras]

Makes the database agree with the recorded files. Prints what it did as JSON; exits with 0 when nothing was wrong, 1 when something
was mended or is left over, 2 when it could not be done.

  --deep             reads every file to its end
  --restore-cameras  adds the cameras that the database lost and whose recordings are there; they are not recorded until
                     you switch them on`;

const busWaitMs = 3_000;
const recorderAnswerMsMax = 3_000;

/** Whether a recorder answers. Without a bus there is none that could write. */
async function isRecorderRunning(config: RecorderConfig, logger: Logger): Promise<boolean> {
  const bus = Bus.open({ url: config.natsUrl, name: 'nvr fsck', logger });
  try {
    await bus.ready(deadlineSignal(busWaitMs));
    await bus.request(readRecorderState, {}, { timeoutMs: recorderAnswerMsMax });
    return true;
  } catch (error) {
    if (error instanceof AppError || (error as Error).name === 'TimeoutError') return false;
    throw error;
  } finally {
    await bus.close();
  }
}

async function check(options: { deep: boolean; restoreCameras: boolean }): Promise<boolean> {
  const config = readRecorderConfig();
  const logger = createLogger({ service: 'nvr fsck', level: 'error' });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
  const database = openNvrDatabase({ url: config.databaseUrl, connectionsMax: 2 });
  try {
    const [segments, cameras] = [new SegmentsStore(database), new CamerasStore(database)];
    const recorderRuns = await isRecorderRunning(config, logger);
    const report = await checkRecordings({
      ...options,
      directories: config,
      segments,
      cameras,
      repair: new RecordingRepair(segments, cameras, config, logger),
      nowUnixMs: Date.now(),
      isRecorderRunning: recorderRuns,
      signal: stopping.signal,
    });
    process.stdout.write(`${JSON.stringify({ recorderRuns, ...report }, undefined, 2)}\n`);
    const { filesChecked: _, ...found } = report;
    return Object.values(found).every((count) => count === 0) && !stopping.signal.aborted;
  } finally {
    await database.$disconnect();
  }
}

/** `nvr fsck`: for an operator, after a database or a disk was lost and brought back. */
async function main(flags: readonly string[]): Promise<void> {
  const known = ['--deep', '--restore-cameras'];
  if (flags.some((flag) => !known.includes(flag))) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = flags.includes('--help') ? 0 : 2;
    return;
  }
  try {
    const isClean = await check({ deep: flags.includes('--deep'), restoreCameras: flags.includes('--restore-cameras') });
    process.exitCode = isClean ? 0 : 1;
  } catch (error) {
    const isExpected = error instanceof AppError || error instanceof SettingsError;
    const text = error instanceof Error ? ((isExpected ? undefined : error.stack) ?? error.message) : String(error);
    process.stderr.write(`nightjar nvr fsck: ${withoutCredentials(text)}\n`);
    process.exitCode = 2;
  }
}

await main(process.argv.slice(2));
