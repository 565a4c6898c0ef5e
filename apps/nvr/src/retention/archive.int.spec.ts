import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, FakeClock, hasErrorCode } from '@nightjar/runtime';
import { CamerasStore } from '../cameras/cameras.store.js';
import type { RecorderConfig } from '../config.js';
import { keepCameraIdentity } from '../segments/camera-identity.js';
import { segmentName } from '../segments/recorded-file.fixture.js';
import { checkRecordings, type CheckReport } from '../recorder/recordings-check.js';
import { RecordingRepair } from '../recorder/recording-repair.js';
import { SegmentsStore } from '../segments/segments.store.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { ArchiveService } from './archive.service.js';
import { RetentionService } from './retention.service.js';
import { RetentionStore } from './retention.store.js';

const mover = fileURLToPath(new URL('move-until-killed.fixture.mjs', import.meta.url));
const logger = createLogger({ service: 'nvr recorder', level: 'silent' });
const hourMs = 3_600_000;
const firstMs = Date.UTC(2026, 5, 1, 12);
const nowMs = firstMs + 10 * hourMs;
const fileBytes = 1_500_000;

let nvr: TestNvr;
let config: RecorderConfig;
let camera: { id: number; uuid: string };
beforeAll(async () => {
  nvr = await startTestNvr();
  const archive = { directory: path.join(nvr.config.recordingsDir, '..', 'archive'), afterMs: 5 * hourMs, usedBytesMax: 0 };
  config = Object.assign(nvr.config, { archive, segmentMs: 60_000 });
  camera = await nvr.database.camera.create({ data: { name: 'yard', framesName: 'yard', rtspUrl: 'rtsp://10.0.0.9/1' } });
});
afterAll(() => nvr.stop());
beforeEach(async () => {
  await nvr.database.segment.deleteMany();
  for (const directory of [config.recordingsDir, archiveDir()]) await rm(directory, { recursive: true, force: true });
  await mkdir(archiveDir(), { recursive: true });
  const identity = { uuid: camera.uuid, name: 'yard', frames_name: 'yard', rtsp_url: 'rtsp://10.0.0.9/1' };
  await keepCameraIdentity(config.recordingsDir, identity);
});

const archiveDir = () => config.archive?.directory ?? '';
const fileOf = (hour: number) => segmentName(camera.uuid, firstMs + hour * hourMs);
const archived = (hour: number) => path.join(archiveDir(), fileOf(hour));
const onFast = (hour: number) => path.join(config.recordingsDir, fileOf(hour));

/** A file of an hour, that many hours after the first, and its row. */
async function record(hour: number, bytes = fileBytes): Promise<Buffer> {
  const content = randomBytes(bytes);
  await mkdir(path.dirname(onFast(hour)), { recursive: true });
  await writeFile(onFast(hour), content);
  const times = { startsAt: new Date(firstMs + hour * hourMs), endsAt: new Date(firstMs + (hour + 1) * hourMs) };
  const row = { cameraId: camera.id, file: fileOf(hour), sizeBytes: bytes, videoCodec: 'h264', open: false };
  await nvr.database.segment.create({ data: { ...row, ...times } });
  return content;
}

function archiveWith(changes: Partial<RecorderConfig> = {}, clock = new FakeClock(nowMs)): ArchiveService {
  const stores = [new SegmentsStore(nvr.database), new RetentionStore(nvr.database)] as const;
  return new ArchiveService(...stores, { ...config, ...changes }, logger, clock);
}

async function fsck(): Promise<CheckReport> {
  const [segments, cameras] = [new SegmentsStore(nvr.database), new CamerasStore(nvr.database)];
  return checkRecordings({
    directories: config,
    segments,
    cameras,
    repair: new RecordingRepair(segments, cameras, config, logger),
    nowUnixMs: nowMs,
    isRecorderRunning: false,
    restoreCameras: false,
    deep: false,
    signal: AbortSignal.timeout(60_000),
  });
}

async function play(hour: number): Promise<Buffer> {
  const { id } = await nvr.database.segment.findUniqueOrThrow({ where: { file: fileOf(hour) } });
  const answer = await nvr.fetch(`/api/v1/recordings/files/${id}.mp4`);
  return Buffer.from(await answer.arrayBuffer());
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

const tiers = async () => (await nvr.database.segment.findMany({ orderBy: { startsAt: 'asc' } })).map(({ tier }) => tier);

/** Names of all files below, without the camera's own. */
async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name !== 'camera.json').map(({ name }) => name);
}

describe('recordings that are old enough', () => {
  it('move to the archive and are played, counted and told from there', async () => {
    const contents = [await record(0), await record(1), await record(8)];
    const archive = archiveWith();
    expect([await archive.moveDue(AbortSignal.timeout(60_000)), archive.problem]).toEqual([2, undefined]);
    expect(await tiers()).toEqual(['archive', 'archive', 'fast']);
    expect([await isThere(onFast(0)), await isThere(archived(0)), await isThere(archived(8))]).toEqual([false, true, false]);
    expect(await readFile(path.join(archiveDir(), camera.uuid, 'camera.json'), 'utf8')).toContain(camera.uuid);
    for (const [index, hour] of [0, 1, 8].entries()) expect((await play(hour)).equals(contents[index] ?? Buffer.alloc(0))).toBe(true);
    const storage = (await (await nvr.fetch('/api/v1/recordings/storage')).json()) as object;
    expect(storage).toMatchObject({ used_bytes: 3 * fileBytes, archive: { used_bytes: 2 * fileBytes, after_hours: 5 } });
    expect(await fsck()).toMatchObject({ filesChecked: 3, settled: 0, indexed: 0, rowsWithoutFile: 0, repaired: 0 });
  });

  it('move earlier when recordings take nearly all that they may, and only as many as that asks for', async () => {
    for (const hour of [6, 7, 8]) await record(hour, 1_000);
    const retention = { ...config.retention, usedBytesMax: 2_500 };
    expect(await archiveWith({ retention }).moveDue(AbortSignal.timeout(60_000))).toBe(1);
    expect(await tiers()).toEqual(['archive', 'fast', 'fast']);
  });

  it('stay where they are while the archive is not there, or empty though recordings are in it', async () => {
    await record(0);
    await rm(archiveDir(), { recursive: true });
    const archive = archiveWith();
    expect([await archive.moveDue(AbortSignal.timeout(60_000)), archive.problem]).toEqual([0, 'the archive is not there']);
    await mkdir(archiveDir());
    await record(1);
    await nvr.database.segment.update({ where: { file: fileOf(1) }, data: { tier: 'archive' } });
    expect([await archive.moveDue(AbortSignal.timeout(60_000)), archive.problem]).toEqual([
      0,
      expect.stringContaining('is its disk mounted?'),
    ]);
    expect(await isThere(onFast(0))).toBe(true);
    await expect(fsck()).rejects.toThrow('NIGHTJAR_ARCHIVE_DIR');
  });

  it('go for good by the bounds of their tier', async () => {
    for (const hour of [0, 1, 2, 8]) await record(hour, 1_000);
    await archiveWith().moveDue(AbortSignal.timeout(60_000));
    const archive = { directory: archiveDir(), afterMs: 0, usedBytesMax: 2_000 };
    const retention = new RetentionService(new RetentionStore(nvr.database), { ...config, archive }, logger, new FakeClock(nowMs));
    expect(await retention.enforce(AbortSignal.timeout(60_000))).toBe(true);
    expect(await tiers()).toEqual(['archive', 'archive', 'fast']);
    expect([await filesBelow(archiveDir()), await isThere(onFast(8))]).toEqual([[1, 2].map((hour) => path.basename(fileOf(hour))), true]);
  });
});

describe('a recording that does not move', () => {
  const moveDue = (archive: ArchiveService) => archive.moveDue(AbortSignal.timeout(60_000));

  it('keeps none behind it from moving, however many they are; it is told, and tried again after a while', async () => {
    for (let index = 0; index < 60; index++) await record(index / 60, 100);
    for (let index = 0; index < 50; index++) await rm(onFast(index / 60));
    const clock = new FakeClock(nowMs);
    const archive = archiveWith({}, clock);
    expect([await moveDue(archive), await moveDue(archive)]).toEqual([0, 10]);
    expect(archive.problem).toContain('run fsck');
    await nvr.database.segment.deleteMany({ where: { tier: 'fast', startsAt: { gt: new Date(firstMs) } } });
    await writeFile(onFast(0), randomBytes(100));
    expect([await moveDue(archive), archive.problem]).toEqual([0, expect.stringContaining('run fsck')]);
    clock.advance(60_000);
    await moveDue(archive);
    expect([await moveDue(archive), archive.problem, await tiers()]).toEqual([1, undefined, Array.from({ length: 11 }, () => 'archive')]);
  });

  it('since it cannot be read keeps none either', async () => {
    for (const hour of [0, 1, 2]) await record(hour, 100);
    await rm(onFast(0));
    await mkdir(onFast(0));
    await nvr.database.segment.update({ where: { file: fileOf(0) }, data: { sizeBytes: (await stat(onFast(0))).size } });
    const archive = archiveWith();
    expect([await moveDue(archive), await tiers()]).toEqual([2, ['fast', 'archive', 'archive']]);
    expect(archive.problem).toBe('a recording cannot be moved to the archive (EISDIR)');
  });

  it('since the archive answers nothing but errors waits for it, and that is told', async () => {
    await record(0, 100);
    await rm(archiveDir(), { recursive: true });
    await symlink(archiveDir(), archiveDir());
    const archive = archiveWith();
    expect([await moveDue(archive), archive.problem]).toEqual([0, 'the archive cannot be used (ELOOP)']);
    await rm(archiveDir());
    await mkdir(archiveDir());
    expect([await moveDue(archive), archive.problem]).toEqual([1, undefined]);
  });
});

describe('a move that is cut short', () => {
  it('leaves a whole file where its row says, whenever the process dies, and nothing after fsck', async () => {
    const contents = new Map<number, Buffer>();
    for (let hour = 0; hour < 5; hour++) contents.set(hour, await record(hour));
    const leftOver: number[] = [];
    for (const mark of ['copying', 'named', 'switched']) {
      const child = fork(mover, [config.databaseUrl, config.recordingsDir, archiveDir(), mark], { execArgv: [], stdio: 'ignore' });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      for (const [hour, content] of contents) expect([hour, (await play(hour)).equals(content)]).toEqual([hour, true]);
      const { settled, ...report } = await fsck();
      leftOver.push(settled);
      expect(report).toMatchObject({ indexed: 0, rowsWithoutFile: 0, repaired: 0, filesRemoved: 0 });
      expect((await filesBelow(config.recordingsDir)).length + (await filesBelow(archiveDir())).length).toBe(5);
      for (const [hour, content] of contents) expect([hour, (await play(hour)).equals(content)]).toEqual([hour, true]);
    }
    // Half a copy; a copy that no row names; a file whose row names the copy.
    expect(leftOver).toEqual([1, 1, 1]);
    expect(await tiers()).toEqual(['archive', 'fast', 'fast', 'fast', 'fast']);
  });

  it('is ended by the next one where the process died before its row was switched', async () => {
    const content = await record(0);
    await once(fork(mover, [config.databaseUrl, config.recordingsDir, archiveDir(), 'named'], { execArgv: [], stdio: 'ignore' }), 'exit');
    expect(await archiveWith().moveDue(AbortSignal.timeout(60_000))).toBe(1);
    expect([await tiers(), (await play(0)).equals(content), await isThere(onFast(0))]).toEqual([['archive'], true, false]);
  });

  it('is undone when its recording expires meanwhile', async () => {
    await record(0);
    await nvr.database.segment.updateMany({ data: { expiredAt: new Date(nowMs) } });
    const { moveToArchive } = await import('./move-segment.js');
    const row = await nvr.database.segment.findUniqueOrThrow({ where: { file: fileOf(0) } });
    const segment = { ...row, id: Number(row.id), sizeBytes: Number(row.sizeBytes), tier: 'fast' as const };
    const store = new SegmentsStore(nvr.database);
    const options = { fastDir: config.recordingsDir, archiveDir: archiveDir(), store, signal: AbortSignal.timeout(60_000) };
    expect([await moveToArchive(segment, options), await filesBelow(archiveDir())]).toEqual(['expired', []]);
  });

  it('is found again by yesterday’s database: its rows name the only copy', async () => {
    const content = await record(0);
    await archiveWith().moveDue(AbortSignal.timeout(60_000));
    await nvr.database.segment.updateMany({ data: { tier: 'fast' } });
    await mkdir(path.dirname(onFast(8)), { recursive: true });
    expect((await play(0)).equals(content)).toBe(true);
    expect(await fsck()).toMatchObject({ settled: 1, rowsWithoutFile: 0 });
    expect([await tiers(), (await stat(archived(0))).size]).toEqual([['archive'], fileBytes]);
    expect(hasErrorCode(await stat(onFast(0)).catch((error: unknown) => error), 'ENOENT')).toBe(true);
  });
});
