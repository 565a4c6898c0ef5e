import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import type { CamerasStore } from '../cameras/cameras.store.js';
import type { SegmentsStore, Segment } from '../segments/segments.store.js';
import { readCameraIdentity } from './camera-identity.js';
import type { RecordingRepair } from './recording-repair.js';
import { cameraDirectoryName, parseSegmentPath } from './segment-path.js';

const pageSize = 500;
/** What a running recorder may be writing begins later than this before now; its rows may still wait for the database. */
const beingWrittenMs = 10 * 60_000;

export interface CheckOptions {
  recordingsDir: string;
  segments: SegmentsStore;
  cameras: CamerasStore;
  repair: RecordingRepair;
  nowUnixMs: number;
  isRecorderRunning: boolean;
  /** Makes cameras, not to be recorded, for directories whose camera is in no row. */
  restoreCameras: boolean;
  /** Reads every file to its end, not only those whose length is not what their row says. */
  deep: boolean;
  signal: AbortSignal;
}

/** What was found and mended, as counts. */
export interface CheckReport {
  filesChecked: number;
  camerasRestored: number;
  /** Files that an interrupted recorder had left open. */
  closed: number;
  indexed: number;
  /** Without a whole fragment. */
  filesRemoved: number;
  /** Files of cameras that are in no row; they stay as they are. */
  ofUnknownCameras: number;
  /** Rows that named another camera than their file does. */
  reattached: number;
  rowsWithoutFile: number;
  /** Files that were shorter or longer than their row, or torn. */
  repaired: number;
}

/**
 * Makes rows and files of recordings agree, whatever became of either: a database that is lost or of yesterday, files that are
 * gone or cut off. A file belongs to the camera whose uuid stands in its name, and to no other.
 * @throws AppError `conflict` when there are rows and not one recording: the disk is probably not mounted
 */
export async function checkRecordings(options: CheckOptions): Promise<CheckReport> {
  const { isRecorderRunning, nowUnixMs, recordingsDir, repair, segments, signal } = options;
  const uuids = (await namesIn(recordingsDir)).filter((name) => cameraDirectoryName.test(name));
  if (uuids.length === 0 && (await segments.count()) > 0)
    throw new AppError('conflict', 'there are rows of recordings and no files at all: is the disk mounted? Nothing was changed');
  const camerasRestored = options.restoreCameras ? await restoreCameras(options, uuids) : 0;
  // First: what the rows say of open files is of use only as long as nobody has looked at them.
  const closed = isRecorderRunning ? 0 : await repair.closeOpenSegments();
  const reattached = await segments.reattachByFile();
  const found = await repair.indexLostFiles(isRecorderRunning ? nowUnixMs - beingWrittenMs : nowUnixMs, signal);
  const checked = await checkRows(options);
  const { indexed, ofUnknownCameras, removed } = found;
  return { ...checked, camerasRestored, closed, reattached, indexed, ofUnknownCameras, filesRemoved: removed };
}

async function restoreCameras({ cameras, recordingsDir }: CheckOptions, uuids: readonly string[]): Promise<number> {
  let restored = 0;
  for (const uuid of uuids) {
    const identity = await readCameraIdentity(recordingsDir, uuid);
    if (!identity || (await cameras.findIdByUuid(uuid)) !== undefined) continue;
    await cameras.restore({ uuid, framesName: identity.frames_name, name: identity.name, rtspUrl: identity.rtsp_url });
    restored++;
  }
  return restored;
}

async function checkRows(options: CheckOptions): Promise<Pick<CheckReport, 'filesChecked' | 'repaired' | 'rowsWithoutFile'>> {
  const counts = { filesChecked: 0, repaired: 0, rowsWithoutFile: 0 };
  for (let afterId = 0; !options.signal.aborted;) {
    const page = await options.segments.listClosed({ afterId, limit: pageSize });
    const last = page.at(-1);
    if (!last) break;
    for (const segment of page) {
      counts.filesChecked++;
      const outcome = await checkRow(segment, options);
      if (outcome !== 'sound') counts[outcome]++;
    }
    afterId = last.id;
  }
  return counts;
}

async function checkRow(segment: Segment, options: CheckOptions): Promise<'sound' | 'repaired' | 'rowsWithoutFile'> {
  const { deep, recordingsDir, repair, segments } = options;
  const bytes = parseSegmentPath(segment.file) && (await sizeOf(path.join(recordingsDir, segment.file)));
  if (bytes === segment.sizeBytes && !deep) return 'sound';
  const whole = bytes === undefined ? undefined : await repair.cutTornEnd(segment.file, Math.min(bytes, segment.sizeBytes));
  if (!whole) {
    await segments.remove(segment.id);
    return 'rowsWithoutFile';
  }
  if (whole.wholeBytes === segment.sizeBytes) return bytes === segment.sizeBytes ? 'sound' : 'repaired';
  await segments.put({ ...segment, sizeBytes: whole.wholeBytes, endsAt: new Date(segment.startsAt.getTime() + whole.durationMs) });
  return 'repaired';
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}
