import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import type { RecorderConfig } from '../config.js';
import { RecorderCondition } from '../recorder/recorder-condition.js';
import type { RecorderService } from '../recorder/recorder.service.js';
import { segmentName } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import type { ArchiveService } from './archive.service.js';
import { probeWriting } from './disk-space.js';
import { DiskWork } from './disk-work.js';
import { RemovalRun } from './removal-run.js';
import { RetentionService } from './retention.service.js';
import { RetentionStore } from './retention.store.js';

const run = promisify(execFile);
const logger = createLogger({ service: 'nvr recorder', level: 'silent' });
const minuteMs = 60_000;
const dayMs = 24 * 3_600_000;
const firstMs = Date.UTC(2026, 5, 1, 12);
const fileBytes = 1_000;

let nvr: TestNvr;
let config: RecorderConfig;
let camera: { id: number; uuid: string };
beforeAll(async () => {
  nvr = await startTestNvr();
  const archive = { directory: path.join(nvr.config.recordingsDir, '..', 'archive'), afterMs: 0, usedBytesMax: 0 };
  config = Object.assign(nvr.config, { archive, segmentMs: minuteMs });
});
afterAll(() => nvr.stop());
beforeEach(async () => {
  await nvr.database.segment.deleteMany();
  await nvr.database.camera.deleteMany();
  for (const directory of [config.recordingsDir, archiveDir()]) await rm(directory, { recursive: true, force: true });
  await mkdir(archiveDir());
  camera = await nvr.database.camera.create({ data: { name: 'yard', framesName: 'yard', rtspUrl: 'rtsp://10.0.0.9/1' } });
});

const archiveDir = () => config.archive?.directory ?? '';
const fileOf = (minute: number) => segmentName(camera.uuid, firstMs + minute * minuteMs);
const onFast = (minute: number) => path.join(config.recordingsDir, fileOf(minute));

/** A file of a minute, `minute` minutes after the first, and its row. `asDirectory`: what is in its place is no file, and does not go. */
async function record(minute: number, { asDirectory = false } = {}): Promise<void> {
  await mkdir(asDirectory ? onFast(minute) : path.dirname(onFast(minute)), { recursive: true });
  if (!asDirectory) await writeFile(onFast(minute), Buffer.alloc(fileBytes, 1));
  const times = { startsAt: new Date(firstMs + minute * minuteMs), endsAt: new Date(firstMs + (minute + 1) * minuteMs) };
  const row = { cameraId: camera.id, file: fileOf(minute), sizeBytes: fileBytes, videoCodec: 'h264', open: false };
  await nvr.database.segment.create({ data: { ...row, ...times } });
}

function retentionWith(bounds: Partial<RecorderConfig['retention']>): RetentionService {
  const retention = { ageMsMax: 0, usedBytesMax: 0, freeBytesMin: 0, ...bounds };
  return new RetentionService(new RetentionStore(nvr.database), { ...config, retention }, logger, new FakeClock(firstMs + 9 * dayMs));
}

function problemsOf(retention: RetentionService): string[] {
  const [recorder, archive] = [{ diskProblem: undefined } as RecorderService, { problem: undefined } as ArchiveService];
  return new RecorderCondition(recorder, retention, archive).problems();
}

const enforce = (retention: RetentionService) => retention.enforce(AbortSignal.timeout(60_000));

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );

/** Minutes of what people see, and of what is marked. */
async function rows(): Promise<{ seen: number[]; marked: number[] }> {
  const all = await nvr.database.segment.findMany({ orderBy: { startsAt: 'asc' } });
  const minutes = (isMarked: boolean) =>
    all.filter(({ expiredAt }) => (expiredAt !== null) === isMarked).map(({ startsAt }) => (startsAt.getTime() - firstMs) / minuteMs);
  return { seen: minutes(false), marked: minutes(true) };
}

/** Every call about what is in such a directory fails, as those to a share whose server is down do. */
async function breakArchive(): Promise<void> {
  await rm(archiveDir(), { recursive: true });
  await symlink(archiveDir(), archiveDir());
}

async function mendArchive(): Promise<void> {
  await rm(archiveDir());
  await mkdir(archiveDir());
}

describe('an archive that answers with an error', () => {
  it('keeps no recording on the fast disk; it is told, and rows of what may still be in it go when it answers again', async () => {
    for (let minute = 0; minute < 10; minute++) await record(minute);
    await breakArchive();
    const retention = retentionWith({ ageMsMax: dayMs });
    expect(await enforce(retention)).toBe(true);
    for (let minute = 0; minute < 10; minute++) expect([minute, await isThere(onFast(minute))]).toEqual([minute, false]);
    expect((await rows()).marked).toHaveLength(10);
    expect(problemsOf(retention)).toEqual(['recordings cannot be removed from the archive (ELOOP)']);
    await enforce(retention);
    expect((await rows()).marked).toHaveLength(10);
    await mendArchive();
    await enforce(retention);
    expect([await rows(), problemsOf(retention)]).toEqual([{ seen: [], marked: [] }, []]);
  });

  it('makes no other recordings go in the place of those that only it may have', async () => {
    for (let minute = 0; minute < 6; minute++) await record(minute);
    await breakArchive();
    const retention = retentionWith({ usedBytesMax: 4 * fileBytes });
    for (let round = 0; round < 3; round++) await enforce(retention);
    expect(await rows()).toEqual({ seen: [2, 3, 4, 5], marked: [0, 1] });
  });

  it('keeps a camera from being erased, and only that camera waits for it', async () => {
    await record(0);
    await nvr.database.camera.update({
      where: { id: camera.id },
      data: { erasedAt: new Date(Date.now() - 61_000), deletedAt: new Date() },
    });
    await breakArchive();
    const retention = retentionWith({});
    await enforce(retention);
    const isErased = async () => (await nvr.database.camera.findUniqueOrThrow({ where: { id: camera.id } })).filesErasedAt !== null;
    expect([await isThere(path.join(config.recordingsDir, camera.uuid)), await isErased()]).toEqual([false, false]);
    await mendArchive();
    await enforce(retention);
    expect([await rows(), await isErased()]).toEqual([{ seen: [], marked: [] }, true]);
  });
});

describe('a file that cannot be removed', () => {
  it('keeps no other: it is told, and goes when it can', async () => {
    for (let minute = 0; minute < 5; minute++) await record(minute, { asDirectory: minute === 0 });
    const retention = retentionWith({ ageMsMax: dayMs });
    await enforce(retention);
    expect(await rows()).toEqual({ seen: [], marked: [0] });
    expect([await isThere(onFast(1)), problemsOf(retention)]).toEqual([
      false,
      ['recordings cannot be removed from the disk of recordings (ERR_FS_EISDIR)'],
    ]);
    await rm(onFast(0), { recursive: true });
    await enforce(retention);
    expect([await rows(), problemsOf(retention)]).toEqual([{ seen: [], marked: [] }, []]);
  });

  it('stays to be seen where its directory is known not to let it go, and what is behind it goes', async () => {
    const nextDay = 24 * 60;
    for (const minute of [0, 1, nextDay, nextDay + 1, nextDay + 2]) await record(minute);
    const day = path.dirname(onFast(0));
    await rm(day, { recursive: true });
    await symlink(day, day);
    await enforce(retentionWith({ usedBytesMax: 3 * fileBytes }));
    expect(await rows()).toEqual({ seen: [0, 1, nextDay + 2], marked: [] });
  });

  it('hides no more than one other where nothing at all can be removed', async () => {
    for (const minute of [0, 1, 2]) await record(minute, { asDirectory: true });
    const retention = retentionWith({ ageMsMax: dayMs });
    await enforce(retention);
    expect((await rows()).marked).toEqual([0, 1, 2]);
    for (const minute of [3, 4, 5]) await record(minute, { asDirectory: true });
    await enforce(retention);
    expect(await rows()).toEqual({ seen: [4, 5], marked: [0, 1, 2, 3] });
    for (const minute of [0, 1, 2, 3, 4, 5]) await rm(onFast(minute), { recursive: true });
    await enforce(retention);
    expect(await rows()).toEqual({ seen: [], marked: [] });
  });
});

describe('a disk that hangs', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-hanging-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** Whoever opens it waits for the other side, as for a share whose server is away. */
  async function makeHanging(file: string): Promise<void> {
    await mkdir(path.dirname(file), { recursive: true });
    await run('mkfifo', [file]);
  }

  it('holds the removal of files for a moment, and not those of another disk', async () => {
    const directories = { recordingsDir: path.join(directory, 'fast'), archive: { directory: path.join(directory, 'archive') } };
    const files = [0, 1, 2].map((minute) => ({ id: minute, file: fileOf(minute), tier: 'fast' as const }));
    for (const { file } of files) {
      await mkdir(path.join(directories.recordingsDir, path.dirname(file)), { recursive: true });
      await writeFile(path.join(directories.recordingsDir, file), 'x');
    }
    const day = path.join(directories.archive.directory, path.dirname(fileOf(0)));
    await makeHanging(day);
    const removal = new RemovalRun({ directories, work: new DiskWork({ taskMsMax: 3_000 }), yesterday: '2026-06-01' });
    expect(await removal.remove(files)).toEqual({ gone: [], onlyInArchive: files });
    for (const { file } of files) expect(await isThere(path.join(directories.recordingsDir, file))).toBe(false);
    expect([[...removal.failures], removal.tiers]).toEqual([[['archive', 'ETIMEDOUT']], ['fast']]);
    await (await open(day, constants.O_WRONLY | constants.O_NONBLOCK)).close();
  });

  it('when it is written to is told as such, and is asked again only when it has answered', async () => {
    const probe = path.join(directory, '.write-probe');
    await makeHanging(probe);
    const retention = new RetentionService(
      new RetentionStore(nvr.database),
      { ...config, recordingsDir: directory },
      logger,
      new FakeClock(firstMs),
    );
    const stopping = new AbortController();
    const looking = retention.run(stopping.signal);
    await until(() => retention.diskProblem !== undefined);
    expect(problemsOf(retention)).toEqual(['recordings cannot be written (ETIMEDOUT)']);
    expect(await Promise.all([probeWriting(directory), probeWriting(directory)])).toEqual(['ETIMEDOUT', 'ETIMEDOUT']);
    // All that waited on the other side are let in by one who reads: it is a single one.
    const reader = await open(probe, constants.O_RDONLY | constants.O_NONBLOCK);
    await until(() => retention.diskProblem === undefined);
    await reader.close();
    expect(problemsOf(retention)).toEqual([]);
    stopping.abort();
    await looking;
  });
});
