import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, truncate } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readRecorderState } from '@nightjar/contracts';
import { makeTestVideo, requireFfmpeg } from '@nightjar/testing';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { keepCameraIdentity } from '../segments/camera-identity.js';
import { segmentName, writeRecordedFile } from '../segments/recorded-file.fixture.js';

const run = promisify(execFile);
const compiledFsck = fileURLToPath(new URL('../../dist/fsck.main.js', import.meta.url));
const t0 = Date.UTC(2026, 5, 1, 12);
const fileMs = 4_000;

let nvr: TestNvr;
let directory: string;
let recorded: string;
let recordedBytes: number;
let front: { id: number; uuid: string };
let yard: { id: number; uuid: string };
beforeAll(async () => {
  nvr = await startTestNvr();
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-fsck-'));
  const video = await makeTestVideo({ file: path.join(directory, 'source.mp4'), seconds: fileMs / 1_000 });
  recorded = await writeRecordedFile({ video, recordingsDir: directory, name: 'recorded.mp4' });
  recordedBytes = (await stat(recorded)).size;
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  await nvr.database.segment.deleteMany();
  await nvr.database.camera.deleteMany();
  await rm(nvr.config.recordingsDir, { recursive: true, force: true });
  front = await addCamera('front', 1);
  yard = await addCamera('yard', 2);
  for (const index of [0, 1, 2]) await record(front, index);
  for (const index of [0, 1]) await record(yard, index);
});

/** With the file that the recorder leaves in its directory. */
async function addCamera(name: string, host: number): Promise<{ id: number; uuid: string }> {
  const rtspUrl = `rtsp://10.0.0.${host}/1`;
  const { id, uuid } = await nvr.database.camera.create({ data: { name, framesName: name, rtspUrl } });
  await keepCameraIdentity(nvr.config.recordingsDir, { uuid, name, frames_name: name, rtsp_url: rtspUrl });
  return { id, uuid };
}

const fileOf = (camera: { uuid: string }, index: number) => segmentName(camera.uuid, t0 + index * fileMs);
const onDisk = (camera: { uuid: string }, index: number) => path.join(nvr.config.recordingsDir, fileOf(camera, index));

async function record(camera: { id: number; uuid: string }, index: number): Promise<void> {
  await mkdir(path.dirname(onDisk(camera, index)), { recursive: true });
  await copyFile(recorded, onDisk(camera, index));
  const startsAt = new Date(t0 + index * fileMs);
  const times = { startsAt, endsAt: new Date(startsAt.getTime() + fileMs) };
  const row = { cameraId: camera.id, file: fileOf(camera, index), sizeBytes: recordedBytes, videoCodec: 'h264', open: false };
  await nvr.database.segment.create({ data: { ...row, ...times } });
}

async function rows() {
  const found = await nvr.database.segment.findMany({ orderBy: { file: 'asc' } });
  return found.map(({ cameraId, endsAt, file, open, sizeBytes, startsAt, videoCodec }) => {
    return { cameraId, file, startsAt, endsAt, sizeBytes: Number(sizeBytes), videoCodec, open };
  });
}

async function fsck(...flags: string[]): Promise<{ code: number; report: Record<string, unknown>; said: string }> {
  const { config } = nvr;
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: config.databaseUrl,
    NATS_URL: config.natsUrl,
    NIGHTJAR_SECRET_KEY: config.secretKey,
    NIGHTJAR_RECORDINGS_DIR: config.recordingsDir,
    NIGHTJAR_FRAMES_DIR: config.framesDir,
  };
  const { code, stderr, stdout } = await run(process.execPath, [compiledFsck, ...flags], { env }).then(
    (ended) => ({ code: 0, ...ended }),
    (failed: unknown) => failed as { code: number; stdout: string; stderr: string },
  );
  return { code, report: stdout === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>), said: stderr };
}

describe('fsck', () => {
  it('has nothing to do where all is well, also when it reads every file', async () => {
    expect(await fsck('--deep')).toEqual({ code: 0, said: '', report: expect.objectContaining({ recorderRuns: false, filesChecked: 5 }) });
  });

  it('makes the rows of a lost table again, each for its own camera', async () => {
    const before = await rows();
    await nvr.database.segment.deleteMany();
    expect(await fsck()).toMatchObject({ code: 1, report: { indexed: 5, ofUnknownCameras: 0 } });
    expect(await rows()).toEqual(before);
    expect(await fsck()).toMatchObject({ code: 0 });
  });

  it("brings yesterday's rows up to today: new files, files that have gone, files that were open then", async () => {
    const before = await rows();
    await nvr.database.segment.deleteMany({ where: { file: { in: [fileOf(front, 2), fileOf(yard, 1)] } } });
    await rm(onDisk(front, 0));
    await nvr.database.segment.update({
      where: { file: fileOf(front, 1) },
      data: { open: true, sizeBytes: 2_000, endsAt: new Date(t0 + fileMs + 1_000) },
    });
    const report = { indexed: 2, rowsWithoutFile: 1, closed: 1, repaired: 0, filesRemoved: 0 };
    expect(await fsck()).toMatchObject({ code: 1, report });
    expect(await rows()).toEqual(before.filter(({ file }) => file !== fileOf(front, 0)));
  });

  it('cuts a torn file back to what is whole of it, and removes one of which nothing is', async () => {
    await truncate(onDisk(front, 0), recordedBytes - 1_000);
    await truncate(onDisk(yard, 0), 100);
    expect(await fsck()).toMatchObject({ code: 1, report: { repaired: 1, rowsWithoutFile: 1 } });
    const [torn] = await rows();
    expect(torn).toMatchObject({ file: fileOf(front, 0), endsAt: new Date(t0 + fileMs - 1_000) });
    expect((await stat(onDisk(front, 0))).size).toBe(torn?.sizeBytes);
    const { stderr } = await run(await requireFfmpeg(), ['-v', 'error', '-i', onDisk(front, 0), '-f', 'null', '-']);
    expect(stderr).toBe('');
    expect(await stat(onDisk(yard, 0)).catch(() => 'gone')).toBe('gone');
    expect(await fsck('--deep')).toMatchObject({ code: 0 });
  });

  it('never gives recordings to another camera, also where ids and names have come again; it brings lost cameras back when asked', async () => {
    await nvr.database.segment.deleteMany();
    await nvr.database.camera.deleteMany();
    await nvr.database.$executeRaw`ALTER SEQUENCE nvr.camera_id_seq RESTART WITH ${front.id}`.catch(() => undefined);
    const stranger = await nvr.database.camera.create({ data: { name: 'front', framesName: 'front', rtspUrl: 'rtsp://10.0.0.1/1' } });
    expect(await fsck()).toMatchObject({ code: 1, report: { ofUnknownCameras: 5, indexed: 0, camerasRestored: 0 } });
    expect([await rows(), (await readFile(onDisk(front, 0))).length]).toEqual([[], recordedBytes]);
    expect(await fsck('--restore-cameras')).toMatchObject({ code: 1, report: { ofUnknownCameras: 0, indexed: 5, camerasRestored: 2 } });
    const restored = await nvr.database.camera.findMany({ where: { id: { not: stranger.id } }, include: { segments: true } });
    const told = restored.map(({ framesName, isActive, name, recordingEnabled, segments, uuid }) => {
      return { uuid, name, isActive, recordingEnabled, files: segments.map(({ file }) => file).sort(), keepsName: framesName === name };
    });
    const off = { isActive: false, recordingEnabled: false };
    expect(told).toEqual(
      expect.arrayContaining([
        { ...off, uuid: front.uuid, name: 'front', files: [0, 1, 2].map((index) => fileOf(front, index)), keepsName: false },
        { ...off, uuid: yard.uuid, name: 'yard', files: [0, 1].map((index) => fileOf(yard, index)), keepsName: true },
      ]),
    );
    expect(await nvr.database.segment.count({ where: { cameraId: stranger.id } })).toBe(0);
  });

  it('gives rows of another camera back to the camera of their file', async () => {
    const before = await rows();
    await nvr.database.segment.updateMany({ where: { file: fileOf(front, 1) }, data: { cameraId: yard.id } });
    expect(await fsck()).toMatchObject({ code: 1, report: { reattached: 1 } });
    expect(await rows()).toEqual(before);
  });

  it('changes nothing while the disk is not there', async () => {
    const before = await rows();
    await rename(nvr.config.recordingsDir, `${nvr.config.recordingsDir}-away`);
    const { code, said } = await fsck();
    expect([code, said]).toEqual([2, expect.stringContaining('is the disk mounted?')]);
    expect(await rows()).toEqual(before);
    await rename(`${nvr.config.recordingsDir}-away`, nvr.config.recordingsDir);
  });

  it('tells its flags when it is asked in a way that it does not know', async () => {
    expect(await fsck('--force')).toMatchObject({ code: 2, said: expect.stringContaining('--restore-cameras') });
  });

  it('leaves alone what a running recorder may be writing', async () => {
    nvr.bus.serve(readRecorderState, () => ({ degraded: [] }));
    await nvr.database.segment.update({ where: { file: fileOf(front, 2) }, data: { open: true, sizeBytes: 2_000 } });
    expect(await fsck()).toMatchObject({ code: 0, report: { recorderRuns: true, closed: 0 } });
    expect((await rows())[2]).toMatchObject({ open: true, sizeBytes: 2_000 });
  });
});
