import { access, constants, rm } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '@nightjar/runtime';
import { parseSegmentPath } from '../segments/segment-path.js';
import { tiersOf, type RecordingTier, type TierDirectories } from '../segments/recording-tiers.js';
import { askForSpace, diskErrorCode } from './disk-space.js';
import type { DiskWork } from './disk-work.js';
import { removeIfEmpty } from './move-segment.js';
import type { ExpiredFile } from './retention.store.js';

/** What became of marked files; what is in neither list may still be where its row says. */
interface RemovedFiles {
  gone: ExpiredFile[];
  /** Gone from the disk that is recorded to; the archive does not say whether it has a copy. */
  onlyInArchive: ExpiredFile[];
}

interface RemovalRunOptions {
  directories: TierDirectories;
  work: DiskWork;
  /** UTC days before this one are over: nobody makes a file there any more. */
  yesterday: string;
}

/**
 * Removes files in one run over all tiers. Nothing that one disk, one directory or one file answers keeps anything else from being
 * removed: it is noted, and tried again by the next run. A disk that does not answer is left alone until then.
 */
export class RemovalRun {
  /** What each tier said first when something could not be removed. */
  readonly failures = new Map<RecordingTier, string>();
  private readonly silent = new Set<RecordingTier>();
  /** By tier and directory. */
  private readonly changeable = new Map<string, boolean>();

  constructor(private readonly options: RemovalRunOptions) {}

  /** Tiers where something can be removed: all whose disk answers. */
  get tiers(): RecordingTier[] {
    return tiersOf(this.options.directories)
      .map(({ tier }) => tier)
      .filter((tier) => !this.silent.has(tier));
  }

  /** Asks each disk something small first: one that hangs, or refuses everything, is given nothing to do. */
  async findSilentDisks(): Promise<void> {
    for (const { directory, tier } of tiersOf(this.options.directories)) {
      const answer = await askForSpace(directory);
      // Where nothing is, nothing has to be removed.
      if (answer.space || isNotThere(answer.problem)) continue;
      this.silent.add(tier);
      this.noteFailure(tier, answer.problem);
    }
  }

  /** For a disk that somebody else found silent; it is told there. */
  leaveAlone(tier: RecordingTier): void {
    this.silent.add(tier);
  }

  /** Whether a file may be taken out of its directory: one of which that is known not to be so is not marked, and stays to be seen. */
  async canRemove(tier: RecordingTier, file: string): Promise<boolean> {
    const directory = path.join(this.rootOf(tier), path.dirname(file));
    const known = this.changeable.get(directory);
    if (known !== undefined) return known;
    const isChangeable = await this.attempt(tier, () => access(directory, constants.W_OK));
    this.changeable.set(directory, isChangeable);
    return isChangeable;
  }

  async remove(files: readonly ExpiredFile[]): Promise<RemovedFiles> {
    // A row that does not name a file of ours never makes us remove something.
    const named = files.filter(({ file }) => parseSegmentPath(file));
    // In all tiers: while it moves it is in two.
    const left = new Map<RecordingTier, Set<ExpiredFile>>();
    for (const { tier } of tiersOf(this.options.directories)) left.set(tier, await this.removeFrom(tier, named));
    const isLeftIn = (tier: RecordingTier, file: ExpiredFile) => left.get(tier)?.has(file) ?? false;
    const isGoneFromFast = (file: ExpiredFile) => !isLeftIn('fast', file);
    return {
      gone: files.filter((file) => isGoneFromFast(file) && !isLeftIn('archive', file)),
      onlyInArchive: files.filter((file) => file.tier === 'fast' && isGoneFromFast(file) && isLeftIn('archive', file)),
    };
  }

  /** Removes what is left of a camera. @returns whether nothing of it is in any tier */
  async removeCamera(cameraUuid: string): Promise<boolean> {
    let isGone = true;
    for (const { directory, tier } of tiersOf(this.options.directories)) {
      const remove = async () => {
        await rm(path.join(directory, cameraUuid), { recursive: true, force: true });
        await syncDirectory(directory);
      };
      if (!(await this.attempt(tier, remove))) isGone = false;
    }
    return isGone;
  }

  /** @returns those that may still be there */
  private async removeFrom(tier: RecordingTier, files: readonly ExpiredFile[]): Promise<Set<ExpiredFile>> {
    const root = this.rootOf(tier);
    const left = new Set<ExpiredFile>();
    const filesOf = new Map<string, ExpiredFile[]>();
    for (const expired of files) {
      if (!(await this.attempt(tier, () => rm(path.join(root, expired.file), { force: true })))) left.add(expired);
      const day = path.dirname(expired.file);
      filesOf.set(day, [...(filesOf.get(day) ?? []), expired]);
    }
    for (const [day, inside] of filesOf) {
      const directory = path.join(root, day);
      const isCertain = await this.attempt(tier, () => syncDirectory(directory));
      if (!isCertain) for (const expired of inside) left.add(expired);
      else if (path.basename(day) < this.options.yesterday) await this.attempt(tier, () => removeIfEmpty(directory));
    }
    return left;
  }

  /** @returns whether it was done; also where there is nothing to do it to */
  private async attempt(tier: RecordingTier, task: () => Promise<void>): Promise<boolean> {
    if (this.silent.has(tier)) return false;
    try {
      await this.options.work.do(this.rootOf(tier), task);
      return true;
    } catch (error) {
      const code = diskErrorCode(error);
      if (isNotThere(code)) return true;
      this.noteFailure(tier, code);
      if (code === 'ETIMEDOUT') this.silent.add(tier);
      return false;
    }
  }

  private noteFailure(tier: RecordingTier, code: string): void {
    if (!this.failures.has(tier)) this.failures.set(tier, code);
  }

  private rootOf(tier: RecordingTier): string {
    const { archive, recordingsDir } = this.options.directories;
    return tier === 'archive' && archive ? archive.directory : recordingsDir;
  }
}

function isNotThere(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}
