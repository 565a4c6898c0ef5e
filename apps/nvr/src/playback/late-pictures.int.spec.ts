import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, createLogger, deadlineSignal, systemClock } from '@nightjar/runtime';
import { makeTestVideo, until } from '@nightjar/testing';
import { writeRecordedFile } from '../segments/recorded-file.fixture.js';
import { SegmentsStore } from '../segments/segments.store.js';
import { startTestNvr, type TestNvr } from '../test-nvr.fixture.js';
import { PlaybackService } from './playback.service.js';
import { addCamera, addRecording } from './recorded-time.fixture.js';
import { SegmentIndexes } from './segment-indexes.js';

const startsAtMs = Date.UTC(2026, 5, 1, 12);

let nvr: TestNvr;
let directory: string;
let cameraId: number;
let playback: PlaybackService;
beforeAll(async () => {
  [nvr, directory] = await Promise.all([startTestNvr(), mkdtemp(path.join(os.tmpdir(), 'nightjar-late-'))]);
  const video = await makeTestVideo({ file: path.join(directory, 'source.mp4'), seconds: 2 });
  const content = await writeRecordedFile({ video, recordingsDir: directory, name: 'recorded.mp4' });
  const yard = await addCamera(nvr, 'yard', 1);
  cameraId = yard.id;
  await addRecording(nvr, { camera: yard, content, startsAtMs, durationMs: 2_000 });
  const hanging = path.join(directory, 'ffmpeg');
  await writeFile(hanging, '#!/bin/sh\ntouch "$0.runs"\nexec sleep 60\n', { mode: 0o755 });
  const ffmpeg = { path: hanging, version: '7', foundBy: 'PATH' } as const;
  const logger = createLogger({ service: 'nvr', level: 'silent' });
  playback = new PlaybackService(new SegmentsStore(nvr.database), new SegmentIndexes(nvr.config, systemClock), ffmpeg, logger);
});
afterAll(async () => {
  await nvr.stop();
  await rm(directory, { recursive: true });
});

describe('a picture that takes too long', () => {
  const read = (signal: AbortSignal) => playback.readPicture(cameraId, { atUnixMs: startsAtMs + 500, signal });

  it('is said to, where a deadline ends it: nobody hung up', async () => {
    const late = { code: 'deadline_exceeded', message: 'the recording takes too long to be read' };
    await expect(read(deadlineSignal(500))).rejects.toMatchObject(late);
  });

  it('is cancelled when its caller hangs up', async () => {
    const caller = new AbortController();
    await rm(path.join(directory, 'ffmpeg.runs'), { force: true });
    const cancelled = expect(read(caller.signal)).rejects.toMatchObject({ code: 'cancelled' });
    await until(async () => (await readdir(directory)).includes('ffmpeg.runs'));
    caller.abort(new AppError('cancelled', 'the caller hung up'));
    await cancelled;
  });
});
