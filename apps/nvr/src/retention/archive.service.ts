import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { hasErrorCode, sleep, type Clock, type Logger } from '@nightjar/runtime';
import type { RecorderConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { cameraDirectoryName } from '../recorder/segment-path.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { isDiskError, isSameDisk, readDiskSpace } from './disk-space.js';
import { moveToArchive, removeIfEmpty } from './move-segment.js';
import { RetentionStore } from './retention.store.js';

const lookEveryMs = 5_000;
/** Moved before the disk is looked at again; what is left over goes with the next look. */
const batchMax = 50;
const dayMs = 24 * 3_600_000;
/** Files move early when this share of what recordings may take is taken, and removal is not far. */
const usedShareMax = 0.9;
/** The same for free space, in multiples of what must stay free. */
const freeFactor = 2;

/**
 * Moves recordings to the archive, the oldest first: those that are old enough, and more when the disk that is recorded to gets
 * short, so that nothing is removed as long as the archive has room.
 */
@Injectable()
export class ArchiveService {
  private lastProblem: string | undefined;

  constructor(
    private readonly segments: SegmentsStore,
    private readonly usage: RetentionStore,
    @Inject(CONFIG) private readonly config: RecorderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Why recordings do not move now, in words that name no path; undefined when they do, or there is no archive. */
  get problem(): string | undefined {
    return this.lastProblem;
  }

  /** Moves until the signal aborts. Only one process may, and nothing else may settle copies meanwhile. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.config.archive) {
      const moved = await this.moveDue(signal).catch((error: unknown) => this.noteFailure(error, signal));
      if (moved < batchMax) await sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  /** @returns how many files moved: at most a batch @throws as `moveToArchive` */
  async moveDue(signal: AbortSignal): Promise<number> {
    const { archive, recordingsDir } = this.config;
    if (!archive) return 0;
    const problem = await this.problemOf(archive.directory);
    if (problem !== undefined) {
      this.note(problem);
      return 0;
    }
    const endedBefore = new Date(this.clock.wallMs() - archive.afterMs);
    const due = await this.segments.listOnFast({ endedBefore, limit: batchMax });
    let moved = await this.moveAll(due, signal);
    if (moved === 0 && (await this.isShort(recordingsDir, archive.directory))) {
      const oldest = await this.segments.listOnFast({ endedBefore: new Date(this.clock.wallMs()), limit: batchMax });
      // One by one: each makes room.
      for (const segment of oldest)
        if (await this.isShort(recordingsDir, archive.directory)) moved += await this.moveAll([segment], signal);
    }
    this.note(undefined);
    if (moved > 0) this.logger.info('recordings moved to the archive', { count: moved });
    return moved;
  }

  private async moveAll(segments: readonly Segment[], signal: AbortSignal): Promise<number> {
    const { archive, recordingsDir } = this.config;
    let moved = 0;
    for (const segment of segments) {
      if (!archive || signal.aborted) break;
      const options = { fastDir: recordingsDir, archiveDir: archive.directory, store: this.segments, signal };
      if (await moveToArchive(segment, options)) moved++;
      const day = path.dirname(segment.file);
      // Only days that are over: nobody makes a file there any more.
      const isOver = path.basename(day) < new Date(this.clock.wallMs() - dayMs).toISOString().slice(0, 10);
      if (isOver) await removeIfEmpty(path.join(recordingsDir, day));
    }
    return moved;
  }

  /** Whether recordings would soon have to be removed from the disk that is recorded to. */
  private async isShort(fastDir: string, archiveDir: string): Promise<boolean> {
    const { freeBytesMin, usedBytesMax } = this.config.retention;
    if (usedBytesMax > 0 && (await this.usage.usedBytes('fast')) > usedBytesMax * usedShareMax) return true;
    if (freeBytesMin === 0 || (await isSameDisk(fastDir, archiveDir))) return false;
    const space = await readDiskSpace(fastDir);
    return space !== undefined && space.freeBytes < freeBytesMin * freeFactor;
  }

  private async problemOf(directory: string): Promise<string | undefined> {
    try {
      if (!(await stat(directory)).isDirectory()) return 'the archive is no directory';
      const names = await readdir(directory);
      const isUsed = names.some((name) => cameraDirectoryName.test(name));
      if (!isUsed && (await this.segments.count('archive')) > 0)
        return 'the archive is empty, though recordings are in it: is its disk mounted?';
      const space = await readDiskSpace(directory);
      // Retention makes room there; half of what must stay free is what files may come into meanwhile.
      if (space && space.freeBytes < this.config.retention.freeBytesMin / 2) return 'the archive is full';
      return undefined;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return 'the archive is not there';
      throw error;
    }
  }

  private noteFailure(error: unknown, signal: AbortSignal): number {
    if (signal.aborted) return 0;
    if (isDiskError(error)) this.note(`the archive cannot be written (${(error as NodeJS.ErrnoException).code})`);
    else this.logger.warn('recordings cannot be moved to the archive, it is tried again', { error });
    return 0;
  }

  private note(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.lastProblem) this.logger.error('recordings do not move to the archive', { problem });
    if (problem === undefined && this.lastProblem !== undefined) this.logger.info('recordings move to the archive again');
    this.lastProblem = problem;
  }
}
