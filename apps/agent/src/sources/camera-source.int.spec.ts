import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findFfmpeg, type FfmpegBinary } from '@nightjar/media';
import { createLogger, systemClock } from '@nightjar/runtime';
import { requireFfmpeg, startTestCamera, until } from '@nightjar/testing';
import type { DecodeStatus } from '../decode/watched-stream.js';
import { CameraSource, type LiveFrame } from './camera-source.js';

type TestCamera = Awaited<ReturnType<typeof startTestCamera>>;

const run = promisify(execFile);
/** One loop: a noisy room in which something moves from 8.5 s to 10.5 s. Key frames stand at its beginning alone. */
const loopSeconds = 11;
const movesSeconds = { from: 8.5, to: 10.5 };
const keyFramesSeconds = '0,1,2';

let directory: string;
let camera: TestCamera;
let ffmpeg: FfmpegBinary;
let stopping: AbortController;
let running: Promise<void> | undefined;

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-watch-'));
  const clip = path.join(directory, 'room.mp4');
  const moving = `between(t,${movesSeconds.from},${movesSeconds.to})`;
  await run(await requireFfmpeg(), [
    ...['-v', 'error', '-f', 'lavfi', '-i', `color=gray:s=320x180:r=15:d=${loopSeconds}`],
    ...['-f', 'lavfi', '-i', `testsrc2=s=60x100:r=15:d=${loopSeconds}`],
    ...['-filter_complex', `[0]noise=alls=4:allf=t[room];[room][1]overlay=x='mod(t*60\\,260)':y=40:enable='${moving}',format=yuv420p`],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-crf',
      '28',
      '-bf',
      '0',
      '-g',
      '1000',
      '-force_key_frames',
      keyFramesSeconds,
      '-sc_threshold',
      '0',
      clip,
    ],
  ]);
  camera = await startTestCamera({ clip });
});

afterAll(async () => {
  stopping.abort();
  await running;
  // The camera hears a moment later that it was hung up on.
  await until(() => camera.sessionCount === 0);
  await camera.close();
  await rm(directory, { recursive: true, force: true });
});

function watch(idleAfterMs: number): { source: CameraSource; frames: LiveFrame[]; decisions: { status: DecodeStatus; atMs: number }[] } {
  const source = new CameraSource({
    ffmpeg,
    url: camera.url,
    framesPerSecond: 4,
    idleAfterMs,
    clock: systemClock,
    logger: createLogger({ service: 'agent', level: 'silent' }),
  });
  const frames: LiveFrame[] = [];
  const decisions: { status: DecodeStatus; atMs: number }[] = [];
  stopping = new AbortController();
  running = source.run(
    {
      onFrame: (frame) => frames.push(frame),
      onState: () => undefined,
      onDecode: (status) => decisions.push({ status, atMs: Date.now() }),
    },
    stopping.signal,
  );
  return { source, frames, decisions };
}

/** Each with the time between it and the frame on which something is seen to move, which was there before it, or right after. */
function wakeUps({ decisions, frames }: ReturnType<typeof watch>): { reason: string; offMs: number }[] {
  return decisions.flatMap(({ atMs, status }, index) => {
    const before = decisions[index - 1];
    if (status.state !== 'active' || before?.status.state !== 'idle') return [];
    const seen = frames.find(({ capturedAtMs, motion }) => capturedAtMs > before.atMs && (motion?.regions.length ?? 0) > 0);
    return [{ reason: status.reason, offMs: Math.abs((seen?.capturedAtMs ?? Infinity) - atMs) }];
  });
}

describe('a camera that is watched', () => {
  let watched: ReturnType<typeof watch>;
  beforeAll(() => {
    watched = watch(4_500);
  });

  it('wakes within a second of motion in the middle of a long group of pictures, and misses none of it', async () => {
    let isConfirmed = false;
    for (let tries = 0; tries < 3; tries++) {
      const { source, decisions } = watched;
      // A decoder that gets no CPU for seconds shows motion too late to tell that the sizes were right: then it is looked at anew.
      const isMistaken = () =>
        source.status?.separation === 'no separation' || decisions.some(({ status }) => status.reason === 'false_jump');
      await until(() => {
        isConfirmed ||= source.status?.reason === 'motion' && source.status.separation === 'separates';
        // With the first motion, or a later one: this process, which is the camera too, may get no CPU for a second just then.
        return isMistaken() || (isConfirmed && wakeUps(watched).some(({ offMs }) => offMs < 1_000));
      });
      if (!isMistaken()) break;
      stopping.abort();
      await running;
      [watched, isConfirmed] = [watch(4_500), false];
    }
    expect([isConfirmed, wakeUps(watched)[0]?.reason]).toEqual([true, 'unit_jump']);
    expect(watched.source.status).toMatchObject({ state: 'active', unitsDropped: 0 });
  });

  it('is not even opened while nobody wants anything, and is decoded whole while somebody wants every frame', async () => {
    const { source, frames } = watched;
    source.want('nothing');
    await until(() => camera.sessionCount === 0 && source.status === undefined);
    const before = frames.length;
    source.want('everything');
    await until(() => frames.length >= before + 4);
    expect(source.status).toMatchObject({ state: 'active', reason: 'every_frame_wanted' });
    expect(camera.sessionCount).toBe(1);
  });
});
