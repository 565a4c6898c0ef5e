import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { sleep, syncDirectory, type Clock, type Logger } from '@nightjar/runtime';
import type { RecorderConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { cameraDirectoryName, parseSegmentPath } from '../recorder/segment-path.js';
import { chooseExpired, type RetentionBounds, type UnmetBound } from './choose-expired.js';
import { probeWriting, readDiskSpace } from './disk-space.js';
import { tiersOf, type RecordingTier } from '../segments/recording-tiers.js';
import { removeIfEmpty } from './move-segment.js';
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

/** A bound of one of the tiers. */
export type UnmetTierBound = UnmetBound | `archive_${UnmetBound}`;

/**
 * Keeps recordings within their bounds. A row is marked first, then its file is removed, then the row: a crash at any point
 * leaves a marked row, which the next run brings to its end.
 */
@Injectable()
export class RetentionService {
  private readonly startedAt: { wallMs: number; monotonicMs: number };
  private unmet: UnmetTierBound[] = [];
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
  get unmetBounds(): readonly UnmetTierBound[] {
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
    await this.eraseCameras();
    const unmet: UnmetTierBound[] = [];
    // The archive first: what is in it is older.
    for (const { directory, tier } of tiersOf(this.config).reverse()) {
      const unmetThere = await this.enforceIn(directory, tier, signal);
      if (!unmetThere) return false;
      unmet.push(...unmetThere.map((bound) => (tier === 'fast' ? bound : (`archive_${bound}` as const))));
    }
    this.noteUnmet(unmet);
    return true;
  }

  /** @returns the bounds that do not hold; undefined when there may be more to remove */
  private async enforceIn(directory: string, tier: RecordingTier, signal: AbortSignal): Promise<UnmetBound[] | undefined> {
    for (let batch = 0; batch < batchesMax && !signal.aborted; batch++) {
      const candidates = await this.store.listRemovable(tier, batchMax);
      const situation = {
        nowMs: this.believedNowMs(),
        usedBytes: await this.store.usedBytes(tier),
        freeBytes: (await readDiskSpace(directory))?.freeBytes,
      };
      const { expired, unmet } = chooseExpired(candidates, situation, this.boundsOf(tier));
      if (expired.length > 0) {
        await this.store.markExpired(expired.map(({ id }) => id));
        await this.removeMarked();
      }
      // Fewer than a batch are all there are; more than what may go is asked for only then.
      if (expired.length < batchMax) return unmet;
    }
    return undefined;
  }

  private boundsOf(tier: RecordingTier): RetentionBounds {
    const { archive, retention } = this.config;
    return tier === 'archive' && archive ? { ...retention, usedBytesMax: archive.usedBytesMax } : retention;
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

  /** What is of an erased camera goes whatever the bounds say; its directory goes last, with the file that says whose it is. */
  private async eraseCameras(): Promise<void> {
    for (const { id, uuid } of await this.store.listErased()) {
      const isWritten = await this.store.expireAllOf(id);
      await this.removeMarked();
      if (isWritten || !cameraDirectoryName.test(uuid)) continue;
      for (const { directory } of tiersOf(this.config)) {
        await rm(path.join(directory, uuid), { recursive: true, force: true });
        await syncDirectory(directory);
      }
      await this.store.noteFilesErased(id);
      this.logger.info('the recordings of an erased camera are gone', { cameraId: id });
    }
  }

  private async removeFiles(files: readonly ExpiredFile[]): Promise<void> {
    const roots = tiersOf(this.config).map(({ directory }) => directory);
    const directories = new Set<string>();
    for (const { file } of files) {
      // A row that does not name a file of ours never makes us remove something.
      if (!parseSegmentPath(file)) continue;
      // In all tiers: while it moves it is in two.
      for (const root of roots) await rm(path.join(root, file), { force: true });
      for (const root of roots) directories.add(path.join(root, path.dirname(file)));
    }
    const yesterday = new Date(this.clock.wallMs() - dayMs).toISOString().slice(0, 10);
    for (const directory of directories) {
      await syncDirectory(directory);
      // Only days that are over: nobody makes a file there any more.
      if (path.basename(directory) < yesterday) await removeIfEmpty(directory);
    }
  }

  private async lookAtDisk(): Promise<void> {
    const problem = await probeWriting(this.config.recordingsDir);
    if (problem !== undefined && problem !== this.writeProblem) this.logger.error('the disk of recordings cannot be written', { problem });
    if (problem === undefined && this.writeProblem !== undefined) this.logger.info('the disk of recordings can be written again');
    this.writeProblem = problem;
  }

  private async isShort(): Promise<boolean> {
    const spaces = await Promise.all(tiersOf(this.config).map(({ directory }) => readDiskSpace(directory)));
    return spaces.some((space) => space !== undefined && space.freeBytes < this.config.retention.freeBytesMin);
  }

  private noteUnmet(unmet: UnmetTierBound[]): void {
    if (unmet.length > 0 && unmet.join() !== this.unmet.join())
      this.logger.warn('a bound of recordings does not hold, what is left is protected or being written', { unmet });
    this.unmet = unmet;
  }

  private believedNowMs(): number {
    const elapsedMs = this.clock.monotonicMs() - this.startedAt.monotonicMs;
    return Math.min(this.clock.wallMs(), this.startedAt.wallMs + elapsedMs + clockStepMsMax);
  }
}
