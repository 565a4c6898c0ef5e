import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, hasErrorCode, pause, type Clock, type Logger } from '@nightjar/runtime';
import type { RecorderConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { cameraDirectoryName } from '../segments/segment-path.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { askForSpace, diskErrorCode, isSameDisk, readDiskSpace } from './disk-space.js';
import { diskWork } from './disk-work.js';
import { moveToArchive, removeIfEmpty, type MoveOutcome } from './move-segment.js';
import { RetentionStore } from './retention.store.js';

const lookEveryMs = 5_000;
/** Moved before the disk is looked at again; what is left over goes with the next look. */
const batchMax = 50;
const dayMs = 24 * 3_600_000;
/** Files move early when this share of what recordings may take is taken, and removal is not far. */
const usedShareMax = 0.9;
/** The same for free space, in multiples of what must stay free. */
const freeFactor = 2;
/** What did not move is tried again so long after, and behind it the others go on meanwhile. */
const retryAfterMs = 60_000;
/** Then it is probably the disk: it is asked again before more is copied. */
const failuresInRowMax = 3;
/** A share slower than this (100 kB a second) does not keep up with one camera. */
const moveBytesPerMsMin = 100;
const moveMsMax = 60_000;
/** Errors that do not tell of the file: whichever is next would meet them too. */
const errorsOfDisk = ['ENOSPC', 'EDQUOT', 'EROFS', 'ETIMEDOUT'];
const notAsTheirRowsSay = 'some recordings do not move to the archive: their files are not as their rows say, run fsck';

/** The last file that did not move, and why. Those before it were tried. */
interface PassedBy {
  id: number;
  startsAt: Date;
  problem: string;
  retryAtMs: number;
}

/**
 * Moves recordings to the archive, the oldest first: those that are old enough, and more when the disk that is recorded to gets
 * short, so that nothing is removed as long as the archive has room.
 */
@Injectable()
export class ArchiveService {
  private lastProblem: string | undefined;
  private passedBy: PassedBy | undefined;

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
      if (moved < batchMax) await pause(lookEveryMs, signal);
    }
  }

  /**
   * A file that does not move is passed by: the others go on behind it, and `problem` tells of it.
   * @returns how many files moved: at most a batch
   * @throws the error of a disk that lets nothing move now, or of the database
   */
  async moveDue(signal: AbortSignal): Promise<number> {
    const { archive, recordingsDir } = this.config;
    if (!archive) return 0;
    const problem = await this.problemOf(archive.directory);
    if (problem !== undefined) {
      this.note(problem);
      return 0;
    }
    const due = await this.list(this.clock.wallMs() - archive.afterMs);
    let moved = await this.moveAll(due, signal);
    if (moved === 0 && (await this.isShort(recordingsDir, archive.directory))) {
      // One by one: each makes room.
      for (const segment of await this.list(this.clock.wallMs()))
        if (await this.isShort(recordingsDir, archive.directory)) moved += await this.moveAll([segment], signal);
    }
    this.note(this.passedBy?.problem);
    // Only where nothing is behind: else many that do not move would keep the others from their turn.
    if (due.length < batchMax && this.passedBy && this.clock.monotonicMs() >= this.passedBy.retryAtMs) this.passedBy = undefined;
    if (moved > 0) this.logger.info('recordings moved to the archive', { count: moved });
    return moved;
  }

  private list(endedBeforeMs: number): Promise<Segment[]> {
    return this.segments.listOnFast({ endedBefore: new Date(endedBeforeMs), after: this.passedBy, limit: batchMax });
  }

  private async moveAll(segments: readonly Segment[], signal: AbortSignal): Promise<number> {
    let moved = 0;
    let failuresInRow = 0;
    for (const segment of segments) {
      if (signal.aborted || failuresInRow === failuresInRowMax) break;
      const outcome = await this.move(segment, signal);
      failuresInRow = outcome === 'failed' ? failuresInRow + 1 : 0;
      if (outcome === 'moved') moved++;
    }
    return moved;
  }

  /** @throws the error of a disk that lets nothing move now, or of the database */
  private async move(segment: Segment, signal: AbortSignal): Promise<MoveOutcome | 'failed'> {
    try {
      const outcome = await this.moveInTime(segment, signal);
      if (outcome === 'mismatched') this.passBy(segment, notAsTheirRowsSay);
      return outcome;
    } catch (error) {
      if (signal.aborted) throw error;
      const reason = reasonOf(error);
      // Which of two disks was silent is not known: it may be this file that cannot be read.
      if (reason === 'ETIMEDOUT' || !errorsOfDisk.includes(reason))
        this.passBy(segment, `a recording cannot be moved to the archive (${reason})`);
      if (errorsOfDisk.includes(reason)) throw error;
      return 'failed';
    }
  }

  /** A copy whose disk answers too late ends itself when it does: until then nothing else is asked of that disk. */
  private async moveInTime(segment: Segment, signal: AbortSignal): Promise<MoveOutcome> {
    const { archive, recordingsDir } = this.config;
    if (!archive) return 'expired';
    const late = new AbortController();
    const options = { fastDir: recordingsDir, archiveDir: archive.directory, store: this.segments };
    const move = async () => {
      const outcome = await moveToArchive(segment, { ...options, signal: AbortSignal.any([signal, late.signal]) });
      const day = path.dirname(segment.file);
      // Only days that are over: nobody makes a file there any more. One that stays is only untidy.
      const isOver = path.basename(day) < new Date(this.clock.wallMs() - dayMs).toISOString().slice(0, 10);
      if (isOver) await removeIfEmpty(path.join(recordingsDir, day)).catch(() => undefined);
      return outcome;
    };
    try {
      return await diskWork.do(archive.directory, move, moveMsMax + segment.sizeBytes / moveBytesPerMsMin);
    } finally {
      late.abort();
    }
  }

  private passBy({ id, startsAt }: Segment, problem: string): void {
    this.passedBy = { id, startsAt, problem, retryAtMs: this.clock.monotonicMs() + retryAfterMs };
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
      const answer = await askForSpace(directory);
      if (!answer.space) return problemsInWords[answer.problem] ?? `the archive cannot be used (${answer.problem})`;
      if (!(await diskWork.do(directory, () => stat(directory))).isDirectory()) return 'the archive is no directory';
      const names = await diskWork.do(directory, () => readdir(directory));
      const isUsed = names.some((name) => cameraDirectoryName.test(name));
      if (!isUsed && (await this.segments.count('archive')) > 0)
        return 'the archive is empty, though recordings are in it: is its disk mounted?';
      // Retention makes room there; half of what must stay free is what files may come into meanwhile.
      if (answer.space.freeBytes < this.config.retention.freeBytesMin / 2) return 'the archive is full';
      return undefined;
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return problemsInWords.ENOENT;
      throw error;
    }
  }

  private noteFailure(error: unknown, signal: AbortSignal): number {
    if (signal.aborted) return 0;
    const code = codeOf(error);
    if (code === undefined) this.logger.warn('recordings cannot be moved to the archive, it is tried again', { error });
    else this.note(problemsInWords[code] ?? `the archive cannot be written (${code})`);
    return 0;
  }

  private note(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.lastProblem) this.logger.error('recordings do not move to the archive', { problem });
    if (problem === undefined && this.lastProblem !== undefined) this.logger.info('recordings move to the archive again');
    this.lastProblem = problem;
  }
}

const problemsInWords: Record<string, string | undefined> = {
  ENOENT: 'the archive is not there',
  ENOTDIR: 'the archive is not there',
  ETIMEDOUT: 'the archive does not answer',
};

/** Undefined for what no disk said. */
function codeOf(error: unknown): string | undefined {
  try {
    return diskErrorCode(error);
  } catch {
    return undefined;
  }
}

/** Why a file did not move. @throws the error when it is the database's */
function reasonOf(error: unknown): string {
  // What was written was read again and is another: the message says so.
  return error instanceof AppError && error.code === 'internal' ? error.message : diskErrorCode(error);
}
