import { Inject, Injectable } from '@nestjs/common';
import { pause, type Clock, type Logger } from '@nightjar/runtime';
import type { RecorderConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { cameraDirectoryName } from '../segments/segment-path.js';
import { chooseExpired, type RetentionBounds, type UnmetBound } from './choose-expired.js';
import { probeWriting, readDiskSpace } from './disk-space.js';
import { diskWork } from './disk-work.js';
import { tiersOf, type RecordingTier } from '../segments/recording-tiers.js';
import { RemovalRun } from './removal-run.js';
import { RetentionStore, type ErasedCamera, type ExpiredFile, type RemovableFile } from './retention.store.js';

/** The disk is looked at; a run follows at once when it is short. */
const lookEveryMs = 5_000;
const runEveryMs = 60_000;
const batchMax = 200;
/** Of one run; what is left over goes with the next look. */
const batchesMax = 50;
const erasedMax = 20;
/** A clock that was set ahead makes recordings older at once: only so much of that is believed until the next start. */
const clockStepMsMax = 5 * 60_000;
const dayMs = 24 * 3_600_000;

/** A bound of one of the tiers. */
type UnmetTierBound = UnmetBound | `archive_${UnmetBound}`;

/** Where files are that should have gone, and the error code of the disk that did not let them. */
interface RemovalFailure {
  tier: RecordingTier;
  code: string;
}

/**
 * Keeps recordings within their bounds. A row is marked first, then its file is removed, then the row: a crash at any point, or a
 * disk that refuses, leaves a marked row, which the next run brings to its end. What cannot be removed keeps nothing else in its place.
 */
@Injectable()
export class RetentionService {
  private readonly startedAt: { wallMs: number; monotonicMs: number };
  private unmet: UnmetTierBound[] = [];
  private failures: RemovalFailure[] = [];
  private writeProblem: string | undefined;
  /** Where not one file of the last batch could be removed: one is tried before more are marked, which hides them from everybody. */
  private readonly refusing = new Set<RecordingTier>();

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

  /** What could not be removed by the last run. */
  get removalFailures(): readonly RemovalFailure[] {
    return this.failures;
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
      await pause(lookEveryMs, signal);
    }
  }

  /**
   * Removes what has to go now. What a disk refuses is in `removalFailures`.
   * @returns false when the signal aborted or so much had to go that there is more
   * @throws the error of the database; nothing is lost, the next call goes on
   */
  async enforce(signal: AbortSignal): Promise<boolean> {
    const yesterday = new Date(this.clock.wallMs() - dayMs).toISOString().slice(0, 10);
    const run = new RemovalRun({ directories: this.config, work: diskWork, yesterday });
    if (this.writeProblem === 'ETIMEDOUT') run.leaveAlone('fast');
    try {
      await run.findSilentDisks();
      const erased = await this.expireErased(signal);
      await this.removeMarked(run, signal);
      for (const camera of erased) await this.eraseFilesOf(camera, run);
      return await this.enforceAll(run, signal);
    } finally {
      this.noteFailures(run);
    }
  }

  private async enforceAll(run: RemovalRun, signal: AbortSignal): Promise<boolean> {
    let isAll = true;
    const unmet: UnmetTierBound[] = [];
    // The archive first: what is in it is older.
    for (const tier of run.tiers.reverse()) {
      const unmetThere = await this.enforceIn(tier, run, signal);
      if (!unmetThere) isAll = false;
      else unmet.push(...unmetThere.map((bound) => (tier === 'fast' ? bound : (`archive_${bound}` as const))));
    }
    this.noteUnmet(unmet);
    return isAll;
  }

  /** @returns the bounds that do not hold; undefined when there may be more to remove */
  private async enforceIn(tier: RecordingTier, run: RemovalRun, signal: AbortSignal): Promise<UnmetBound[] | undefined> {
    const directory = tiersOf(this.config).find((known) => known.tier === tier)?.directory ?? this.config.recordingsDir;
    /** The last that may not be removed: what is behind it goes in its place. */
    let after: RemovableFile | undefined;
    for (let batch = 0; batch < batchesMax && !signal.aborted; batch++) {
      const candidates = await this.store.listRemovable(tier, { after, limit: batchMax });
      const situation = {
        nowMs: this.believedNowMs(),
        usedBytes: await this.store.usedBytes(tier),
        freeBytes: (await readDiskSpace(directory))?.freeBytes,
      };
      const { expired, unmet } = chooseExpired(candidates, situation, this.boundsOf(tier));
      const { blocked, removable } = await this.splitByDirectory(expired, { tier, run });
      const marked = removable.length > 0 ? await this.store.markExpired(removable.map(({ id }) => id)) : [];
      const removed = await this.removeFiles(marked, run);
      if (removed > 0) this.refusing.delete(tier);
      else if (marked.length > 0) this.refusing.add(tier);
      // Fewer than a batch are all there are; more than what may go is asked for only then.
      const isAll = removed === expired.length && expired.length < batchMax;
      if (isAll || (marked.length > 0 && removed === 0)) return unmet;
      // Whose disk stopped answering is asked for no more.
      if (!run.tiers.includes(tier)) return [];
      after = blocked.at(-1) ?? after;
    }
    return undefined;
  }

  /** @returns what may be marked now, and what is in a directory out of which nothing can be taken */
  private async splitByDirectory(
    expired: readonly RemovableFile[],
    { run, tier }: { run: RemovalRun; tier: RecordingTier },
  ): Promise<{ removable: RemovableFile[]; blocked: RemovableFile[] }> {
    const [removable, blocked]: [RemovableFile[], RemovableFile[]] = [[], []];
    for (const candidate of expired) ((await run.canRemove(tier, candidate.file)) ? removable : blocked).push(candidate);
    return { removable: this.refusing.has(tier) ? removable.slice(0, 1) : removable, blocked };
  }

  private boundsOf(tier: RecordingTier): RetentionBounds {
    const { archive, retention } = this.config;
    return tier === 'archive' && archive ? { ...retention, usedBytesMax: archive.usedBytesMax } : retention;
  }

  /** What is of an erased camera goes whatever the bounds say. */
  private async expireErased(signal: AbortSignal): Promise<ErasedCamera[]> {
    const erased: ErasedCamera[] = [];
    for (let afterId = 0; !signal.aborted;) {
      const page = await this.store.listErased({ afterId, limit: erasedMax });
      for (const { id } of page) await this.store.expireAllOf(id);
      erased.push(...page);
      afterId = page.at(-1)?.id ?? afterId;
      if (page.length < erasedMax) break;
    }
    return erased;
  }

  /** Its directory goes last, with the file that says whose it is. */
  private async eraseFilesOf({ id, uuid }: ErasedCamera, run: RemovalRun): Promise<void> {
    const left = await this.store.countFilesOf(id);
    if (left.open > 0 || !cameraDirectoryName.test(uuid)) return;
    const isGone = await run.removeCamera(uuid);
    // Whose rows are left has files that a disk does not let go, or in an archive that is not set.
    if (!isGone || left.all > 0) return;
    await this.store.noteFilesErased(id);
    this.logger.info('the recordings of an erased camera are gone', { cameraId: id });
  }

  /** Each of them is tried once. */
  private async removeMarked(run: RemovalRun, signal: AbortSignal): Promise<void> {
    for (let afterId = 0; !signal.aborted;) {
      const marked = await this.store.listExpired({ afterId, limit: batchMax, tiers: run.tiers });
      const last = marked.at(-1);
      if (!last) return;
      await this.removeFiles(marked, run);
      afterId = last.id;
    }
  }

  /** @returns how many are gone from their tier */
  private async removeFiles(files: readonly ExpiredFile[], run: RemovalRun): Promise<number> {
    if (files.length === 0) return 0;
    const { gone, onlyInArchive } = await run.remove(files);
    await this.store.removeExpired(gone.map(({ id }) => id));
    await this.store.noteOnlyInArchive(onlyInArchive.map(({ id }) => id));
    const count = gone.length + onlyInArchive.length;
    if (count > 0) this.logger.info('recordings have expired', { count });
    return count;
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

  private noteFailures(run: RemovalRun): void {
    const failures = [...run.failures].map(([tier, code]) => ({ tier, code }));
    const told = (of: readonly RemovalFailure[]) => of.map(({ code, tier }) => `${tier} ${code}`).join();
    if (failures.length > 0 && told(failures) !== told(this.failures)) this.logger.error('recordings cannot be removed', { failures });
    if (failures.length === 0 && this.failures.length > 0) this.logger.info('recordings can be removed again');
    this.failures = failures;
  }

  private believedNowMs(): number {
    const elapsedMs = this.clock.monotonicMs() - this.startedAt.monotonicMs;
    return Math.min(this.clock.wallMs(), this.startedAt.wallMs + elapsedMs + clockStepMsMax);
  }
}
