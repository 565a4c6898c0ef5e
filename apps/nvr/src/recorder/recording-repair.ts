import { readdir, rm, truncate } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { hasErrorCode, type Logger } from '@nightjar/runtime';
import { CamerasStore } from '../cameras/cameras.store.js';
import type { RecorderConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { cameraDirectoryName, dayDirectoryName, segmentFileName } from './segment-path.js';
import { scanSegment, type ScannedSegment } from './scan-segment.js';

/** What was found without a row. */
export interface FoundFiles {
  indexed: number;
  /** Without a whole fragment. */
  removed: number;
  ofUnknownCameras: number;
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
      const whole = await this.cutTornEnd(segment.file, segment.sizeBytes).catch((error: unknown) => this.takeAsItIs(segment, error));
      if (whole)
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
   * without a whole fragment. Files of cameras that nobody knows stay where they are.
   */
  async indexLostFiles(beforeUnixMs: number, signal: AbortSignal): Promise<FoundFiles> {
    const found = { indexed: 0, removed: 0, ofUnknownCameras: 0 };
    for (const cameraUuid of await namesIn(this.config.recordingsDir, cameraDirectoryName)) {
      const cameraId = await this.cameras.findIdByUuid(cameraUuid);
      for (const day of await namesIn(path.join(this.config.recordingsDir, cameraUuid), dayDirectoryName)) {
        if (signal.aborted) return found;
        const lost = await this.findLostFiles({ cameraUuid, day, beforeUnixMs });
        if (cameraId === undefined) found.ofUnknownCameras += lost.length;
        else for (const file of lost) found[(await this.indexFile(file, cameraId)) ? 'indexed' : 'removed']++;
      }
    }
    if (Object.values(found).some((count) => count > 0)) this.logger.warn('files without rows were found', found);
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

  private async findLostFiles(where: { cameraUuid: string; day: string; beforeUnixMs: number }): Promise<string[]> {
    const { beforeUnixMs, cameraUuid, day } = where;
    const names = await namesIn(path.join(this.config.recordingsDir, cameraUuid, day), segmentFileName);
    const files = names.filter((name) => startOf(name) < beforeUnixMs).map((name) => `${cameraUuid}/${day}/${name}`);
    const known = await this.segments.knownFiles(files);
    return files.filter((file) => !known.has(file));
  }

  /** @returns false when there was nothing in it and it is gone */
  private async indexFile(file: string, cameraId: number): Promise<boolean> {
    const whole = await this.cutTornEnd(file, 0);
    if (!whole) return false;
    const startMs = startOf(path.basename(file));
    await this.segments.put({
      cameraId,
      file,
      startsAt: new Date(startMs),
      endsAt: new Date(startMs + whole.durationMs),
      sizeBytes: whole.wholeBytes,
      videoCodec: whole.codec,
      open: false,
    });
    return true;
  }

  /** Leaves whole fragments only; without a single one the file is removed. */
  async cutTornEnd(file: string, syncedBytes: number): Promise<ScannedSegment | undefined> {
    const absolutePath = path.join(this.config.recordingsDir, file);
    const whole = await scanSegment(absolutePath, syncedBytes).catch(undefinedIfMissing);
    if (!whole) await rm(absolutePath, { force: true });
    else if (whole.wholeBytes < whole.fileBytes) await truncate(absolutePath, whole.wholeBytes);
    return whole;
  }
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
