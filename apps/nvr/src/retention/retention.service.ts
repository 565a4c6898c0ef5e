import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { hasErrorCode, sleep, syncDirectory, type Clock, type Logger } from '@nightjar/runtime';
import type { RecorderConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { parseSegmentPath } from '../recorder/segment-path.js';
import { chooseExpired, type UnmetBound } from './choose-expired.js';
import { probeWriting, readDiskSpace } from './disk-space.js';
import { RetentionStore, type ExpiredFile } from './retention.store.js';

/** The disk is looked at; a run follows at once when it is short. */
const lookEveryMs = 5_000;
const runEveryMs = 60_000;
const batchMax = 200;
/** Of one run; what is left over goes with the next look. */
const batchesMax = 50;
/** A clock that was set ahead makes recordings older at once: only so much of that is believed until the next start. */
const clockStepMsMax = 5 * 60_000;
const dayMs = 24 * 3_600_000;

/**
 * Keeps recordings within their bounds. A row is marked first, then its file is removed, then the row: a crash at any point
 * leaves a marked row, which the next run brings to its end.
 */
@Injectable()
export class RetentionService {
  private readonly startedAt: { wallMs: number; monotonicMs: number };
  private unmet: UnmetBound[] = [];
  private writeProblem: string | undefined;

  constructor(
    private readonly store: RetentionStore,
    @Inject(CONFIG) private readonly config: RecorderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.startedAt = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  }

  /** Error code of the disk while nothing can be written, as of a few seconds ago. */
  get diskProblem(): string | undefined {
    return this.writeProblem;
  }

  /** Bounds that do not hold because what is protected or still written would have to go. */
  get unmetBounds(): readonly UnmetBound[] {
    return this.unmet;
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let runAtMs = this.clock.monotonicMs();
    while (!signal.aborted) {
      try {
        await this.lookAtDisk();
        if (this.clock.monotonicMs() >= runAtMs || (await this.isShort())) {
          const isAll = await this.enforce(signal);
          runAtMs = this.clock.monotonicMs() + (isAll ? runEveryMs : 0);
        }
      } catch (error) {
        this.logger.warn('recordings that are to go cannot be removed, it is tried again', { error });
      }
      await sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  /**
   * Removes what has to go now.
   * @returns false when the signal aborted or so much had to go that there is more
   * @throws the error of the disk or the database; nothing is lost, the next call goes on
   */
  async enforce(signal: AbortSignal): Promise<boolean> {
    await this.removeMarked();
    for (let batch = 0; batch < batchesMax && !signal.aborted; batch++) {
      const candidates = await this.store.listRemovable(batchMax);
      const situation = {
        nowMs: this.believedNowMs(),
        usedBytes: await this.store.usedBytes(),
        freeBytes: (await readDiskSpace(this.config.recordingsDir))?.freeBytes,
      };
      const { expired, unmet } = chooseExpired(candidates, situation, this.config.retention);
      if (expired.length > 0) {
        await this.store.markExpired(expired.map(({ id }) => id));
        await this.removeMarked();
      }
      // Fewer than a batch are all there are; more than what may go is asked for only then.
      if (expired.length < batchMax) {
        this.noteUnmet(unmet);
        return true;
      }
    }
    return false;
  }

  private async removeMarked(): Promise<void> {
    for (;;) {
      const marked = await this.store.listExpired(batchMax);
      if (marked.length === 0) return;
      await this.removeFiles(marked);
      await this.store.removeExpired(marked.map(({ id }) => id));
      this.logger.info('recordings have expired', { count: marked.length });
    }
  }

  private async removeFiles(files: readonly ExpiredFile[]): Promise<void> {
    const { recordingsDir } = this.config;
    const directories = new Set<string>();
    for (const { file } of files) {
      // A row that does not name a file of ours never makes us remove something.
      if (!parseSegmentPath(file)) continue;
      await rm(path.join(recordingsDir, file), { force: true });
      directories.add(path.dirname(file));
    }
    for (const directory of directories) {
      await syncDirectory(path.join(recordingsDir, directory));
      await this.removeIfEmpty(directory);
    }
  }

  /** Only days that are over: nobody makes a file there any more. */
  private async removeIfEmpty(directory: string): Promise<void> {
    const yesterday = new Date(this.clock.wallMs() - dayMs).toISOString().slice(0, 10);
    if (path.basename(directory) >= yesterday) return;
    await rmdir(path.join(this.config.recordingsDir, directory)).catch((error: unknown) => {
      if (!hasErrorCode(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
    });
  }

  private async lookAtDisk(): Promise<void> {
    const problem = await probeWriting(this.config.recordingsDir);
    if (problem !== undefined && problem !== this.writeProblem) this.logger.error('the disk of recordings cannot be written', { problem });
    if (problem === undefined && this.writeProblem !== undefined) this.logger.info('the disk of recordings can be written again');
    this.writeProblem = problem;
  }

  private async isShort(): Promise<boolean> {
    const space = await readDiskSpace(this.config.recordingsDir);
    return space !== undefined && space.freeBytes < this.config.retention.freeBytesMin;
  }

  private noteUnmet(unmet: UnmetBound[]): void {
    if (unmet.length > 0 && unmet.join() !== this.unmet.join())
      this.logger.warn('a bound of recordings does not hold, what is left is protected or being written', { unmet });
    this.unmet = unmet;
  }

  private believedNowMs(): number {
    const elapsedMs = this.clock.monotonicMs() - this.startedAt.monotonicMs;
    return Math.min(this.clock.wallMs(), this.startedAt.wallMs + elapsedMs + clockStepMsMax);
  }
}
