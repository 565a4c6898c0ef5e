import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { decodeFrames } from './decode-frames.js';
import { FfmpegProcess } from './ffmpeg-process.js';
import { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
import type { LumaPlane } from './luma-plane.js';
import { UnitDecoder, type DecodedUnit } from './unit-decoder.js';
import { UnitSplitter } from './unit-splitter.js';

let ffmpeg: FfmpegBinary;
let directory: string;

beforeAll(async () => {
  const found = await findFfmpeg();
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-turn-'));
  // White in the upper left eighth of a dark picture.
  const scene = 'drawbox=x=0:y=0:w=160:h=90:color=white:t=fill,format=yuv420p';
  const input = ['-f', 'lavfi', '-i', 'color=c=0x202020:s=640x360:r=10:d=2', '-vf', scene];
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '10'];
  for (const name of ['room.mp4', 'room.ts']) {
    const process = FfmpegProcess.start({ ffmpeg, arguments: ['-y', ...input, ...encoder, path.join(directory, name)] });
    for (const pipe of process.pipes) pipe.resume();
    expect((await process.exited).code).toBe(0);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Middle of what is bright, as shares of the plane. */
function brightMiddle({ height, pixels, width }: LumaPlane): [number, number] {
  const bright = [...pixels].flatMap((value, at) => (value > 128 ? [at] : []));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean(bright.map((at) => at % width)) / width, mean(bright.map((at) => Math.floor(at / width))) / height];
}

describe.each([
  { rotation: 0, size: { width: 320, height: 180 }, plane: { width: 160, height: 90 }, middle: [0.125, 0.125] },
  { rotation: 90, size: { width: 180, height: 320 }, plane: { width: 90, height: 160 }, middle: [0.875, 0.125] },
  { rotation: 180, size: { width: 320, height: 180 }, plane: { width: 160, height: 90 }, middle: [0.875, 0.875] },
  { rotation: 270, size: { width: 180, height: 320 }, plane: { width: 90, height: 160 }, middle: [0.125, 0.875] },
] as const)('pictures and planes turned by $rotation degrees', ({ middle, plane, rotation, size }) => {
  const check = ({ luma, picture }: Pick<DecodedUnit, 'luma' | 'picture'>) => {
    expect(picture).toMatchObject(size);
    expect(luma).toMatchObject(plane);
    const [x, y] = brightMiddle(luma);
    expect(Math.abs(x - middle[0]) + Math.abs(y - middle[1])).toBeLessThan(0.03);
  };

  it('come out of a file, scaled before they are turned', async () => {
    const input = { kind: 'file', path: path.join(directory, 'room.mp4') } as const;
    const signal = new AbortController().signal;
    const options = { samplesPerSecond: 2, samplesPerPicture: 1, pictureWidthMax: 320, rotation, signal, clock: systemClock };
    let count = 0;
    for await (const { luma, picture } of decodeFrames({ ffmpeg, input, ...options })) {
      if (!picture) throw new Error('every sample has a picture');
      check({ luma, picture });
      count++;
    }
    expect(count).toBe(4);
  });

  it('come out of the units of a camera', async () => {
    const splitter = new UnitSplitter();
    const units = [...splitter.push(await readFile(path.join(directory, 'room.ts'))), ...splitter.end()];
    const pictures: DecodedUnit[] = [];
    const decoder = new UnitDecoder({
      ffmpeg,
      codec: 'h264',
      reorders: false,
      picturesPerSecond: 4,
      pictureWidthMax: 320,
      rotation,
      signal: new AbortController().signal,
      onPicture: (picture) => pictures.push(picture),
    });
    try {
      for (const [sequence, { pts90k, ...unit }] of units.entries())
        decoder.feed({ ...unit, sequence, ptsMs: pts90k / 90, arrivedUnixMs: 1, arrivedMonotonicMs: 1 }, { shown: true });
      await until(() => pictures.length >= 3);
    } finally {
      await decoder.stop();
    }
    for (const picture of pictures) check(picture);
  });
});
