import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isDatabaseAway } from '@nightjar/database';
import { AppError, pause, type Logger } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { ClipsService } from '../playback/clips.service.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { isDiskError, readDiskSpace } from '../retention/disk-space.js';
import { ExportFiles } from './export-files.js';
import { ExportsStore, type Export } from './exports.store.js';

/** Rows are asked this often, also when nobody told of a new one. */
const lookEveryMs = 5_000;
const sweepEveryMs = 60_000;
const leaseMs = 30_000;
const beatEveryMs = 2_000;
/** A file that no row names goes when nobody wrote to it for so long. */
const orphanIdleMs = 120_000;

/** What one attempt has come to. */
interface Attempt {
  id: string;
  leaseId: string;
  bytesDone: number;
  bytesTotal: number;
  /** Aborts when the export is not ours any more, or this process stops. */
  gone: AbortController;
}

/** Makes exports one after the other, one at a time in each process. Only bytes are copied: it costs disk, hardly any CPU. */
@Injectable()
export class ExportRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private wakeUp = new AbortController();
  private running: Promise<void> | undefined;
  private readonly files: ExportFiles;

  constructor(
    private readonly store: ExportsStore,
    private readonly clips: ClipsService,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.files = new ExportFiles(config.exports.directory);
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    this.wake();
    await this.running;
  }

  /** There is a new one. */
  wake(): void {
    this.wakeUp.abort();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let sweepAtMs = 0;
    while (!signal.aborted) {
      this.wakeUp = new AbortController();
      try {
        if (performance.now() >= sweepAtMs) {
          await this.sweep();
          sweepAtMs = performance.now() + sweepEveryMs;
        }
        const claimed = await this.store.claim(leaseMs, this.config.exports.keptMs);
        if (claimed) {
          await this.make(claimed);
          continue;
        }
      } catch (error) {
        if (!isDatabaseAway(error)) this.logger.warn('exports cannot be made, it is tried again', { error });
      }
      if (!signal.aborted) await pause(lookEveryMs, this.wakeUp.signal);
    }
  }

  private async make(claimed: Export): Promise<void> {
    const { id, leaseId } = claimed;
    if (leaseId === null) return;
    const attempt: Attempt = { id, leaseId, bytesDone: 0, bytesTotal: 0, gone: new AbortController() };
    const onStop = () => attempt.gone.abort();
    this.stopping.signal.addEventListener('abort', onStop, { once: true });
    const beats = this.beat(attempt);
    try {
      const outcome = await this.attempt(claimed, attempt);
      if (this.stopping.signal.aborted && outcome.state !== 'ready') return await this.store.giveBack({ id, leaseId });
      const isOurs = await this.store.finish({ id, leaseId }, outcome, this.config.exports.keptMs);
      if (!isOurs && outcome.state === 'ready') await this.files.remove({ id, leaseId });
      this.logger.info('an export is over', { exportId: id, state: isOurs ? outcome.state : 'not ours any more' });
    } finally {
      attempt.gone.abort();
      this.stopping.signal.removeEventListener('abort', onStop);
      await beats;
    }
  }

  private async attempt(
    { cameraId, endUnixMs, startUnixMs }: Export,
    attempt: Attempt,
  ): Promise<{ state: 'ready'; bytes: number } | { state: 'failed'; problem: string }> {
    try {
      const layout = await this.clips.layOut(cameraId, { fromUnixMs: startUnixMs, toUnixMs: endUnixMs });
      attempt.bytesTotal = layout.sizeBytes;
      const problem = await this.problemWithRoom(layout.sizeBytes);
      if (problem !== undefined) return { state: 'failed', problem };
      const { signal } = attempt.gone;
      const content = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          signal.throwIfAborted();
          yield chunk;
        }
      };
      await this.files.write(attempt, content(this.clips.readAll(layout)), (bytes) => (attempt.bytesDone += bytes));
      return { state: 'ready', bytes: layout.sizeBytes };
    } catch (error) {
      if (error instanceof AppError && error.code !== 'internal') return { state: 'failed', problem: error.message };
      if (isDiskError(error)) return { state: 'failed', problem: problemOfDisk(error) };
      if (!attempt.gone.signal.aborted) this.logger.error('an export failed', { exportId: attempt.id, error });
      return { state: 'failed', problem: 'it could not be made' };
    }
  }

  /** Why so many bytes are not written, if they are not. */
  private async problemWithRoom(bytes: number): Promise<string | undefined> {
    const { exports, retention } = this.config;
    // This one's bytes are not in its row yet, or were counted by an attempt before.
    if (exports.bytesMax > 0 && (await this.store.usedBytes()) + bytes > exports.bytesMax)
      return `there is no room: exports may take ${exports.bytesMax} bytes together; remove some, or ask for less`;
    const space = await readDiskSpace(exports.directory);
    if (space && space.freeBytes - bytes < retention.freeBytesMin) return 'there is no room: the disk of exports is nearly full';
    return undefined;
  }

  /** Keeps the lease, and tells how far it is, until the attempt is over. */
  private async beat(attempt: Attempt): Promise<void> {
    const { gone, id, leaseId } = attempt;
    while (!gone.signal.aborted) {
      await pause(beatEveryMs, gone.signal);
      if (gone.signal.aborted) return;
      const { bytesDone, bytesTotal } = attempt;
      try {
        if (!(await this.store.beat({ id, leaseId, leaseMs, bytesDone, bytesTotal }))) gone.abort();
      } catch (error) {
        // The lease may end meanwhile; then somebody else makes it, and our end of it is refused.
        this.logger.warn('the lease of an export cannot be renewed, it is tried again', { error });
      }
    }
  }

  /** Rows whose time has come go, and files that no row names. */
  private async sweep(): Promise<void> {
    const expired = await this.store.removeExpired();
    if (expired > 0) this.logger.info('exports have expired', { count: expired });
    const files = await this.files.list();
    const known = await this.store.knownLeases([...files.keys()]);
    for (const [leaseId, file] of files) if (!known.has(leaseId)) await this.files.removeOrphan(file, orphanIdleMs);
  }
}

function problemOfDisk(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? 'the disk of exports is full'
    : `the disk of exports cannot be written (${code ?? 'unknown'})`;
}
