import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeTestVideo } from '@nightjar/testing';
import { jpegSize } from '../internal/jpeg-size.js';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { addCamera, addRecording, type TestCameraRow } from './recorded-time.fixture.js';

const hourMs = 3_600_000;
const fileMs = 6_000;

let nvr: TestNvr;
let directory: string;
/** Recorded before the clock was set back, and after: their pictures differ in size. */
let former: string;
let present: string;
beforeAll(async () => {
  [nvr, directory] = await Promise.all([startTestNvr(), mkdtemp(path.join(os.tmpdir(), 'nightjar-set-back-'))]);
  const make = async (name: string, width: number) => {
    const video = await makeTestVideo({ file: path.join(directory, `${name}-source.mp4`), seconds: fileMs / 1_000, width });
    return writeRecordedFile({ video, recordingsDir: directory, name: `${name}.mp4` });
  };
  [former, present] = await Promise.all([make('former', 320), make('present', 640)]);
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});

const record = (camera: TestCameraRow, content: string, recording: { startsAtMs: number; durationMs: number; open?: boolean }) =>
  addRecording(nvr, { camera, content, ...recording });

/** What a camera recorded in the hour before the clock was set back by an hour: some of it at what is now the present. */
async function recordFormer(camera: TestCameraRow): Promise<void> {
  const nowMs = Date.now();
  await record(camera, former, { startsAtMs: nowMs - 3_000, durationMs: fileMs });
  await record(camera, former, { startsAtMs: nowMs + hourMs - fileMs, durationMs: fileMs });
}

const view = async ({ id }: TestCameraRow) => (await (await nvr.fetch(`/api/v1/cameras/${id}`)).json()) as object;
const snapshot = ({ id }: TestCameraRow) => nvr.fetch(`/api/v1/cameras/${id}/snapshot`);

describe('after the clock was set back by an hour', () => {
  it('a camera that is gone is offline and has no newest picture, though it recorded at this time before', async () => {
    const gone = await addCamera(nvr, 'gone', 1);
    await recordFormer(gone);
    expect(await view(gone)).toMatchObject({ status: 'offline', recording_state: 'stalled', live_online: false });
    expect((await snapshot(gone)).status).toBe(503);
  });

  it('a camera that goes on is online, and its newest picture is of what it records now', async () => {
    const alive = await addCamera(nvr, 'alive', 2);
    await recordFormer(alive);
    await record(alive, present, { startsAtMs: Date.now() - fileMs, durationMs: fileMs, open: true });
    expect(await view(alive)).toMatchObject({ status: 'online', recording_state: 'recording', live_online: true });
    const answer = await snapshot(alive);
    expect([answer.status, jpegSize(Buffer.from(await answer.arrayBuffer()))?.width]).toEqual([200, 640]);
  });

  it('a picture that an agent left before is not the newest', async () => {
    const analysed = await addCamera(nvr, 'analysed', 3);
    const picture = path.join(nvr.config.framesDir, 'analysed', 'latest.jpg');
    await mkdir(path.dirname(picture), { recursive: true });
    await writeFile(picture, 'picture');
    expect((await snapshot(analysed)).status).toBe(200);
    await utimes(picture, new Date(Date.now() + hourMs), new Date(Date.now() + hourMs));
    expect((await snapshot(analysed)).status).toBe(503);
  });
});
