import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import type { CamerasStore } from '../cameras/cameras.store.js';
import type { SegmentsStore, Segment } from '../segments/segments.store.js';
import { sizeOf } from '../retention/move-segment.js';
import { tiersOf, type RecordingTier, type TierDirectories } from '../segments/recording-tiers.js';
import { readCameraIdentity, type CameraIdentity } from '../segments/camera-identity.js';
import type { RecordingRepair } from './recording-repair.js';
import { cameraDirectoryName, parseSegmentPath } from '../segments/segment-path.js';

const pageSize = 500;
/** What a running recorder may be writing begins later than this before now; its rows may still wait for the database. */
const beingWrittenMs = 10 * 60_000;

interface CheckOptions {
  directories: TierDirectories;
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
  /** Without a fragment. */
  filesRemoved: number;
  /** With one fragment that may not be whole, and no other: `.torn` is behind their name. */
  filesSetAside: number;
  /** Files of cameras that are in no row; they stay as they are. */
  ofUnknownCameras: number;
  /** Rows that named another camera than their file does. */
  reattached: number;
  rowsWithoutFile: number;
  /** Copies that a move to the archive, cut short, left over, and rows that named the wrong tier. */
  settled: number;
  /** Files that were shorter or longer than their row, or torn. */
  repaired: number;
}

/**
 * Makes rows and files of recordings agree, whatever became of either: a database that is lost or of yesterday, files that are
 * gone or cut off. A file belongs to the camera whose uuid stands in its name, and to no other.
 * @throws AppError `conflict` when there are rows of a tier and not one recording in it: the disk is probably not mounted
 */
export async function checkRecordings(options: CheckOptions): Promise<CheckReport> {
  const { isRecorderRunning, nowUnixMs, repair, segments, signal } = options;
  const uuids = await namesOfCameras(options);
  const camerasRestored = options.restoreCameras ? await restoreCameras(options, uuids) : 0;
  // First: what the rows say of open files is of use only as long as nobody has looked at them.
  const closed = isRecorderRunning ? 0 : await repair.closeOpenSegments();
  const reattached = await segments.reattachByFile();
  const found = await repair.indexLostFiles(isRecorderRunning ? nowUnixMs - beingWrittenMs : nowUnixMs, {
    signal,
    mayMove: isRecorderRunning,
  });
  const checked = await checkRows(options);
  const { indexed, ofUnknownCameras, removed, setAside, settled } = found;
  const files = { indexed, ofUnknownCameras, settled, filesRemoved: removed, filesSetAside: setAside };
  return { ...checked, ...files, camerasRestored, closed, reattached };
}

/** Of all tiers, each once. */
async function namesOfCameras({ directories, segments }: CheckOptions): Promise<Set<string>> {
  const all = new Set<string>();
  for (const tier of ['fast', 'archive'] as const) {
    const directory = tiersOf(directories).find((known) => known.tier === tier)?.directory;
    const names = directory === undefined ? [] : (await namesIn(directory)).filter((name) => cameraDirectoryName.test(name));
    if (names.length === 0 && (await segments.count(tier)) > 0) throw new AppError('conflict', nothingThere[tier]);
    for (const name of names) all.add(name);
  }
  return all;
}

const nothingThere: Record<RecordingTier, string> = {
  fast: 'there are rows of recordings and no files at all: is the disk mounted? Nothing was changed',
  archive:
    'there are rows of recordings in an archive and no files at all: is NIGHTJAR_ARCHIVE_DIR set, is its disk mounted? Nothing was changed',
};

async function restoreCameras({ cameras, directories }: CheckOptions, uuids: ReadonlySet<string>): Promise<number> {
  let restored = 0;
  for (const uuid of uuids) {
    let identity: CameraIdentity | undefined;
    for (const { directory } of tiersOf(directories)) identity ??= await readCameraIdentity(directory, uuid);
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
  const { deep, repair, segments } = options;
  const { bytes, tier } = await findFile(segment, options);
  if (bytes === segment.sizeBytes && !deep) return 'sound';
  const whole = bytes === undefined ? undefined : await repair.cutTornEnd({ file: segment.file, tier }, Math.min(bytes, segment.sizeBytes));
  if (typeof whole !== 'object') {
    await segments.remove(segment.id);
    return 'rowsWithoutFile';
  }
  if (whole.wholeBytes === segment.sizeBytes) return bytes === segment.sizeBytes ? 'sound' : 'repaired';
  await segments.put({ ...segment, sizeBytes: whole.wholeBytes, endsAt: new Date(segment.startsAt.getTime() + whole.durationMs) });
  return 'repaired';
}

/** Where a file is: it may have moved since its row was read. `bytes` are undefined when it is nowhere. */
async function findFile(segment: Segment, { directories }: CheckOptions): Promise<{ tier: RecordingTier; bytes: number | undefined }> {
  const none = { tier: segment.tier, bytes: undefined };
  if (!parseSegmentPath(segment.file)) return none;
  const tiers = tiersOf(directories).sort((one, other) => Number(other.tier === segment.tier) - Number(one.tier === segment.tier));
  for (const { directory, tier } of tiers) {
    const bytes = await sizeOf(path.join(directory, segment.file));
    if (bytes !== undefined) return { tier, bytes };
  }
  return none;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}
