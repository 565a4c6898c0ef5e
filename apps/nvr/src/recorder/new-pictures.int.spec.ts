import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findFfmpeg } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { makeTestVideo, startTestCamera, until } from '@nightjar/testing';
import type { SegmentState } from '../segments/segments.store.js';
import { CameraRecorder } from './camera-recorder.js';
import { LiveParts } from './live-parts.js';

const run = promisify(execFile);
let root: string;
let camera: Awaited<ReturnType<typeof startTestCamera>>;
let recorder: CameraRecorder;
let ffprobe: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-new-pictures-'));
});
afterEach(async () => {
  await recorder.stop();
  await camera.close();
  await rm(root, { recursive: true, force: true });
});

describe('a camera whose resolution somebody changes while it sends', () => {
  it('is connected to anew, so that no file has pictures that its begin does not describe', async () => {
    const ffmpeg = await findFfmpeg();
    if (!ffmpeg) throw new Error('these tests need FFmpeg');
    ffprobe = ffmpeg.path.replace(/ffmpeg$/, 'ffprobe');
    const otherClip = await makeTestVideo({ file: path.join(root, 'other.mp4'), seconds: 4, width: 320, height: 192 });
    camera = await startTestCamera({ otherClip });
    const rows = new Map<string, SegmentState>();
    const problems: string[] = [];
    const live = new LiveParts(systemClock, () => true);
    recorder = new CameraRecorder({
      camera: { id: 1, uuid: '00000000-0000-4000-8000-000000000001', framesName: 'yard', name: 'yard', rtspUrl: 'rtsp://10.0.0.1/' },
      findUrl: () => Promise.resolve(camera.url),
      onProblem: (reason) => problems.push(reason),
      ffmpeg,
      root,
      isRecorded: true,
      segmentMs: 60_000,
      rows: { put: (state) => void rows.set(state.file, state) },
      live,
      clock: systemClock,
      logger: createLogger({ service: 'new-pictures', level: 'silent' }),
      random: () => 0.5,
    });
    camera.breakDown('resolution_change');
    recorder.start();
    await until(() => rows.size === 2);
    await recorder.stop();
    const [first, second] = [...rows.values()].sort((one, other) => one.startsAt.getTime() - other.startsAt.getTime());
    if (!first || !second) throw new Error('two files are missing');
    expect(first.open).toBe(false);
    expect(new Set(await widthsOf(first.file)).size).toBe(1);
    // How soon it was is a matter of the pause before any connection, and of what this machine had time for.
    expect([camera.acceptedCount, problems]).toEqual([2, []]);
  });

  async function widthsOf(file: string): Promise<string[]> {
    const read = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'frame=width', '-of', 'csv=p=0', path.join(root, file)];
    return (await run(ffprobe, read)).stdout.split('\n').flatMap((line) => line.replace(',', '').trim() || []);
  }
});
