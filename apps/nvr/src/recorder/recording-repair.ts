import { readdir, rename, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, hasErrorCode, type Logger } from '@nightjar/runtime';
import { CamerasStore } from '../cameras/cameras.store.js';
import type { RecorderConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { settleCopies, unfinishedSuffix } from '../retention/move-segment.js';
import { tiersOf, type RecordingTier } from '../segments/recording-tiers.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { cameraDirectoryName, dayDirectoryName, segmentFileName } from '../segments/segment-path.js';
import { scanSegment, type ScannedSegment } from './scan-segment.js';

/** Ends the name of a file with pictures of which none is certain to be whole: nobody plays it, and nothing removes it. */
const setAsideSuffix = '.torn';

/** What was found without a row. */
interface FoundFiles {
  indexed: number;
  /** Without a fragment. */
  removed: number;
  /** With a fragment that may not be whole, and no other: under another name, for somebody to look at. */
  setAside: number;
  ofUnknownCameras: number;
  /** Copies that a move to the archive, cut short, left over, and rows that did not say in which tier their only file is. */
  settled: number;
}

/** A file as it was found. */
interface FoundFile {
  file: string;
  tier: RecordingTier;
}

/** Makes rows and files agree again after this process, its machine or its database was interrupted. */
@Injectable()
export class RecordingRepair {
  constructor(
    private readonly segments: SegmentsStore,
    private readonly cameras: CamerasStore,
    @Inject(CONFIG) private readonly config: RecorderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Ends the files that were open: torn ends are cut off, rows say what is there. Run it before anything is recorded. @returns how many */
  async closeOpenSegments(): Promise<number> {
    const open = await this.segments.listOpen();
    for (const segment of open) {
      const whole = await this.cutTornEnd(segment, segment.sizeBytes).catch((error: unknown) => this.takeAsItIs(segment, error));
      if (typeof whole === 'object')
        await this.segments.put({
          ...segment,
          sizeBytes: whole.wholeBytes,
          endsAt: new Date(segment.startsAt.getTime() + whole.durationMs),
          open: false,
        });
      else await this.segments.remove(segment.id);
    }
    if (open.length > 0) this.logger.info('recordings that were interrupted are closed', { count: open.length });
    return open.length;
  }

  /**
   * Makes rows for files that have none and begin before `beforeUnixMs`, as after the loss of a database; removes files
   * without a fragment. Files of cameras that nobody knows stay where they are.
   * @param options.mayMove whether files may be moving to the archive meanwhile; then what looks like left over is left alone
   */
  async indexLostFiles(beforeUnixMs: number, options: { signal: AbortSignal; mayMove: boolean }): Promise<FoundFiles> {
    const found = { indexed: 0, removed: 0, setAside: 0, ofUnknownCameras: 0, settled: 0 };
    for (const { directory, tier } of tiersOf(this.config)) {
      for (const cameraUuid of await namesIn(directory, cameraDirectoryName)) {
        const cameraId = await this.cameras.findIdByUuid(cameraUuid);
        for (const day of await namesIn(path.join(directory, cameraUuid), dayDirectoryName)) {
          if (options.signal.aborted) return found;
          const lost = await this.findLostFiles({ tier, cameraUuid, day, beforeUnixMs }, found, options);
          if (cameraId === undefined) found.ofUnknownCameras += lost.length;
          else for (const file of lost) found[await this.indexFile({ file, tier }, cameraId)]++;
        }
      }
    }
    if (Object.values(found).some((count) => count > 0)) this.logger.warn('files without rows were found', { ...found });
    return found;
  }

  /** A file that the disk does not give out now is no reason to record nothing. */
  private takeAsItIs(segment: Segment, error: unknown): ScannedSegment {
    this.logger.error('a recording cannot be repaired', { file: segment.file, error });
    return {
      wholeBytes: segment.sizeBytes,
      fileBytes: segment.sizeBytes,
      durationMs: segment.endsAt.getTime() - segment.startsAt.getTime(),
      codec: segment.videoCodec,
    };
  }

  /** Files of one day without a row. Of others it settles which copy is the right one. */
  private async findLostFiles(
    where: { tier: RecordingTier; cameraUuid: string; day: string; beforeUnixMs: number },
    found: FoundFiles,
    { mayMove }: { mayMove: boolean },
  ): Promise<string[]> {
    const { beforeUnixMs, cameraUuid, day, tier } = where;
    const directory = path.join(this.directoryOf(tier), cameraUuid, day);
    const names = await namesIn(directory, segmentFileName);
    const files = names.filter((name) => startOf(name) < beforeUnixMs).map((name) => `${cameraUuid}/${day}/${name}`);
    const tiers = await this.segments.tiersOfFiles(files);
    if (!mayMove) {
      for (const [file, rightTier] of tiers) if (rightTier !== tier && (await this.settle(file))) found.settled++;
      if (tier === 'archive') found.settled += await removeUnfinished(directory);
    }
    return files.filter((file) => !tiers.has(file));
  }

  private async settle(file: string): Promise<boolean> {
    const { archive, recordingsDir } = this.config;
    if (!archive) return false;
    return (await settleCopies(file, { fastDir: recordingsDir, archiveDir: archive.directory, store: this.segments })) !== undefined;
  }

  private directoryOf(tier: RecordingTier): string {
    const directory = tiersOf(this.config).find((known) => known.tier === tier)?.directory;
    if (directory === undefined) throw new AppError('conflict', 'there are recordings in an archive: NIGHTJAR_ARCHIVE_DIR is not set');
    return directory;
  }

  private async indexFile({ file, tier }: FoundFile, cameraId: number): Promise<'indexed' | 'setAside' | 'removed'> {
    const whole = await this.cutTornEnd({ file, tier }, 0);
    if (typeof whole !== 'object') return whole === 'set_aside' ? 'setAside' : 'removed';
    const startMs = startOf(path.basename(file));
    await this.segments.put({
      cameraId,
      file,
      tier,
      startsAt: new Date(startMs),
      endsAt: new Date(startMs + whole.durationMs),
      sizeBytes: whole.wholeBytes,
      videoCodec: whole.codec,
      open: false,
    });
    return 'indexed';
  }

  /** Leaves whole fragments only. @returns undefined for a file without a fragment, which is removed */
  async cutTornEnd({ file, tier }: FoundFile, syncedBytes: number): Promise<ScannedSegment | 'set_aside' | undefined> {
    const absolutePath = path.join(this.directoryOf(tier), file);
    const whole = await scanSegment(absolutePath, syncedBytes).catch(undefinedIfMissing);
    if (whole === undefined) await rm(absolutePath, { force: true });
    else if (whole === 'torn') {
      await rename(absolutePath, `${absolutePath}${setAsideSuffix}`);
      this.logger.error('a recording of which no picture is certain to be whole is set aside', { file: `${file}${setAsideSuffix}` });
      return 'set_aside';
    } else if (whole.wholeBytes < whole.fileBytes) await truncate(absolutePath, whole.wholeBytes);
    return whole;
  }
}

/** @returns how many copies that were never finished are gone */
async function removeUnfinished(directory: string): Promise<number> {
  const isUnfinished = (name: string) => name.endsWith(unfinishedSuffix) && segmentFileName.test(name.slice(0, -unfinishedSuffix.length));
  const names = ((await readdir(directory).catch(undefinedIfMissing)) ?? []).filter(isUnfinished);
  for (const name of names) await rm(path.join(directory, name), { force: true });
  return names.length;
}

function startOf(name: string): number {
  return Number(segmentFileName.exec(name)?.[1]);
}

async function namesIn(directory: string, pattern: RegExp): Promise<string[]> {
  const names = (await readdir(directory).catch(undefinedIfMissing)) ?? [];
  return names.filter((name) => pattern.test(name)).sort();
}

function undefinedIfMissing(error: unknown): undefined {
  if (hasErrorCode(error, 'ENOENT')) return undefined;
  throw error;
}
