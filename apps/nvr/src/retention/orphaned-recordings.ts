import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { hasErrorCode } from '@nightjar/runtime';
import { CamerasStore } from '../cameras/cameras.store.js';
import type { NvrConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { readCameraIdentity } from '../segments/camera-identity.js';
import { cameraDirectoryName, dayDirectoryName, segmentFileName } from '../segments/segment-path.js';
import { tiersOf } from '../segments/recording-tiers.js';

/** Recordings of a camera that the database does not know. */
interface OrphanedRecordings {
  cameraUuid: string;
  /** As the directory says; undefined when it does not. */
  name: string | undefined;
  framesName: string | undefined;
  tiers: string[];
  files: number;
  /** Begin of the oldest and of the newest file. */
  firstUnixMs: number | undefined;
  lastUnixMs: number | undefined;
}

/** One answer names no more; `fsck` counts all. */
const listedMax = 500;

/** Looks on the disks for what no camera has. It reads names of directories and files, and nothing is changed. */
@Injectable()
export class OrphanedRecordingsFinder {
  constructor(
    private readonly cameras: CamerasStore,
    @Inject(CONFIG) private readonly config: NvrConfig,
  ) {}

  /** By uuid. @throws the error of a disk that is not readable; one that is not there has no recordings */
  async list(signal: AbortSignal): Promise<OrphanedRecordings[]> {
    const found = new Map<string, OrphanedRecordings>();
    for (const { directory, tier } of tiersOf(this.config)) {
      for (const cameraUuid of await namesIn(directory, cameraDirectoryName)) {
        signal.throwIfAborted();
        if (found.size >= listedMax && !found.has(cameraUuid)) break;
        if (!found.has(cameraUuid) && (await this.cameras.findIdByUuid(cameraUuid)) !== undefined) continue;
        const known = found.get(cameraUuid) ?? nothingOf(cameraUuid);
        found.set(cameraUuid, await this.addTier(known, { directory, tier }, signal));
      }
    }
    return [...found.values()].sort((one, other) => one.cameraUuid.localeCompare(other.cameraUuid));
  }

  private async addTier(
    known: OrphanedRecordings,
    { directory, tier }: { directory: string; tier: string },
    signal: AbortSignal,
  ): Promise<OrphanedRecordings> {
    const identity = await readCameraIdentity(directory, known.cameraUuid);
    const starts: number[] = [];
    for (const day of await namesIn(path.join(directory, known.cameraUuid), dayDirectoryName)) {
      signal.throwIfAborted();
      for (const name of await namesIn(path.join(directory, known.cameraUuid, day), segmentFileName))
        starts.push(Number(segmentFileName.exec(name)?.[1]));
    }
    const edges = [known.firstUnixMs, known.lastUnixMs, ...edgesOf(starts)].filter((edge) => edge !== undefined);
    return {
      ...known,
      name: known.name ?? identity?.name,
      framesName: known.framesName ?? identity?.frames_name,
      tiers: [...known.tiers, tier],
      files: known.files + starts.length,
      firstUnixMs: edges.length > 0 ? Math.min(...edges) : undefined,
      lastUnixMs: edges.length > 0 ? Math.max(...edges) : undefined,
    };
  }
}

function nothingOf(cameraUuid: string): OrphanedRecordings {
  return { cameraUuid, name: undefined, framesName: undefined, tiers: [], files: 0, firstUnixMs: undefined, lastUnixMs: undefined };
}

/** The least and the greatest: a camera has more files than a call has arguments. */
function edgesOf(values: readonly number[]): number[] {
  const [first] = values;
  if (first === undefined) return [];
  let [least, greatest] = [first, first];
  for (const value of values) [least, greatest] = [Math.min(least, value), Math.max(greatest, value)];
  return [least, greatest];
}

async function namesIn(directory: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => pattern.test(name));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}
