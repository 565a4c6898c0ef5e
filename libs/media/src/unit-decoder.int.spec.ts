import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { FfmpegProcess, type FfmpegExit } from './ffmpeg-process.js';
import { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
import { hardwareDecoders, hardwareArguments, whyNoHardware } from './hardware-decode.js';
import { UnitDecoder, type DecodedUnit } from './unit-decoder.js';
import { UnitSplitter, type UnitCodec } from './unit-splitter.js';
import type { Unit } from './unit-timeline.js';

let ffmpeg: FfmpegBinary;
let directory: string;
const at = (name: string) => path.join(directory, name);

async function runFfmpeg(...args: string[]): Promise<string> {
  const process = FfmpegProcess.start({ ffmpeg, arguments: ['-y', ...args], stderrBytesMax: 65_536 });
  const chunks: Buffer[] = [];
  for (const pipe of process.pipes) pipe.on('data', (chunk: Buffer) => chunks.push(chunk));
  const exit = await process.exited;
  if (exit.code !== 0) throw new Error(exit.stderrTail);
  return Buffer.concat(chunks).toString();
}

/** 15 frames a second, a key frame every 2 s, black that turns white at 3 s. */
const scene = [
  ...['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=15:d=6'],
  ...['-vf', "drawbox=c=white:t=fill:enable='gte(t,3)'", '-pix_fmt', 'yuv420p'],
];
const kinds: readonly { name: string; codec: UnitCodec; encode: string[]; reorders: boolean }[] = [
  {
    name: 'h264',
    codec: 'h264',
    encode: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '30', '-sc_threshold', '0'],
    reorders: false,
  },
  {
    name: 'h264b',
    codec: 'h264',
    encode: ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-g', '30', '-sc_threshold', '0'],
    reorders: true,
  },
  {
    name: 'hevcb',
    codec: 'hevc',
    encode: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:keyint=30:min-keyint=30:scenecut=0:bframes=3'],
    reorders: true,
  },
];

beforeAll(async () => {
  const found = await findFfmpeg({});
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-units-'));
  for (const { name, encode } of kinds) {
    await runFfmpeg(...scene, ...encode, at(`${name}.mp4`));
    for (const omit of ['0', '1'])
      await runFfmpeg('-i', at(`${name}.mp4`), '-c', 'copy', '-f', 'mpegts', '-omit_video_pes_length', omit, at(`${name}.${omit}.ts`));
  }
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function unitsOf(file: string): Promise<Unit[]> {
  const splitter = new UnitSplitter();
  const bytes = await readFile(at(file));
  const units = [];
  // Chunks as a pipe gives them.
  for (let from = 0; from < bytes.length; from += 4_001) units.push(...splitter.push(bytes.subarray(from, from + 4_001)));
  units.push(...splitter.end());
  const [first] = units;
  return units.map(({ pts90k, ...unit }, sequence) => {
    const ptsMs = 10_000 + (pts90k - (first?.pts90k ?? 0)) / 90;
    return { ...unit, sequence, ptsMs, arrivedUnixMs: ptsMs, arrivedMonotonicMs: ptsMs };
  });
}

describe.each(kinds)('the units of a $name stream', ({ name, codec, reorders }) => {
  it.each(['0', '1'])('are those that FFmpeg wrote, with size, time and key flag (omit_video_pes_length %s)', async (omit) => {
    const units = await unitsOf(`${name}.${omit}.ts`);
    const told = await runFfmpeg('-i', at(`${name}.${omit}.ts`), '-c', 'copy', '-copyts', '-f', 'framecrc', '-');
    const packets = told
      .split('\n')
      .filter((line) => /^0,/.test(line))
      .map((line) => line.split(',').map((field) => field.trim()));
    expect(units).toHaveLength(90);
    // FFmpeg's own reader counts a zero between two HEVC units to the one or the other.
    const differences = units.map(({ bytes }, index) => Math.abs(bytes.length - Number(packets[index]?.[4])));
    expect(Math.max(...differences)).toBeLessThanOrEqual(codec === 'hevc' ? 1 : 0);
    const firstPts = Number(packets[0]?.[2]);
    expect(units.map(({ ptsMs }) => Math.round((ptsMs - 10_000) * 90))).toEqual(packets.map((fields) => Number(fields[2]) - firstPts));
    expect(units.flatMap(({ isKey, sequence }) => (isKey ? [sequence] : []))).toHaveLength(3);
    expect(units.every((unit) => unit.codec === codec)).toBe(true);
    expect(units.some(({ ptsMs }, index) => ptsMs < (units[index - 1]?.ptsMs ?? 0))).toBe(reorders);
  });

  it('decode one by one: a key frame at once or a few units later, and at the wanted rate with their own times', async () => {
    const units = await unitsOf(`${name}.0.ts`);
    const stopping = new AbortController();
    const pictures: DecodedUnit[] = [];
    const decoder = new UnitDecoder({
      ffmpeg,
      codec,
      reorders,
      picturesPerSecond: 2,
      signal: stopping.signal,
      onPicture: (picture) => pictures.push(picture),
    });
    try {
      for (const unit of units.slice(0, reorders ? 6 : 1)) decoder.feed(unit, { shown: true });
      await until(() => pictures.length === 1);
      expect(pictures[0]).toMatchObject({ unit: { sequence: 0, isKey: true, ptsMs: 10_000 }, picture: { width: 320, height: 180 } });
      expect(pictures[0]?.luma).toMatchObject({ width: 160, height: 90 });
      // The rest of the first group of pictures is not fed; the second is, hidden until its last second.
      const second = units.filter(({ sequence }) => sequence >= 30 && sequence < 60);
      for (const unit of second) decoder.feed(unit, { shown: unit.ptsMs >= 12_990 });
      for (const unit of units.slice(60)) decoder.feed(unit, { shown: true });
      await until(() => pictures.some(({ unit }) => unit.sequence >= 75));
      const times = pictures.map(({ unit }) => unit.ptsMs - 10_000);
      expect(times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) >= 400)).toBe(true);
      // At most the picture that was due when the hidden ones began.
      expect(times.filter((time) => time > 600 && time < 2_950).length).toBeLessThanOrEqual(1);
      expect(times.filter((time) => time >= 2_950 && time < 5_500).length).toBeGreaterThanOrEqual(4);
      const white = pictures.filter(({ luma }) => luma.pixels.every((pixel) => pixel > 200)).map(({ unit }) => unit.ptsMs - 10_000);
      expect(Math.min(...white)).toBeGreaterThanOrEqual(2_999);
      expect(white).toHaveLength(times.filter((time) => time >= 2_999).length);
    } finally {
      await decoder.stop();
    }
  });
});

/** A decoder of video in which units are shown in the order in which they come, and what came out of it. */
function decodeH264(picturesPerSecond: number, signal = new AbortController().signal) {
  const pictures: DecodedUnit[] = [];
  const onPicture = (picture: DecodedUnit) => pictures.push(picture);
  return { pictures, decoder: new UnitDecoder({ ffmpeg, codec: 'h264', reorders: false, picturesPerSecond, signal, onPicture }) };
}

describe('a decoder', () => {
  it('ends with its owner, and takes nothing afterwards', async () => {
    const [unit] = await unitsOf('h264.0.ts');
    const stopping = new AbortController();
    const { decoder } = decodeH264(2, stopping.signal);
    stopping.abort();
    expect(await decoder.exited).toMatchObject({ stopped: 'signal' });
    expect(unit && decoder.feed(unit, { shown: true })).toBe(false);
  });

  it('shows a picture with the unit that is due, and says when the next one is', async () => {
    const units = await unitsOf('h264.0.ts');
    const { decoder, pictures } = decodeH264(2);
    try {
      expect(decoder.pictureDueMs).toBeUndefined();
      for (const due of [0, 8, 16]) {
        // Those before it wait for it; nothing behind it is needed.
        for (const unit of units.slice(Math.max(0, due - 7), due + 1)) decoder.feed(unit, { shown: true });
        await until(() => pictures.some(({ unit }) => unit.sequence === due));
        expect(decoder.pictureDueMs).toBeCloseTo((units[due]?.ptsMs ?? 0) + 480, 0);
      }
      expect(pictures.map(({ unit }) => unit.sequence)).toEqual([0, 8, 16]);
    } finally {
      await decoder.stop();
    }
  });

  it('gives pictures all levels of brightness and colour, whichever range the camera sends', async () => {
    const ranges: Record<string, string[]> = {
      tv: ['-pix_fmt', 'yuv420p'],
      pc: ['-vf', 'scale=out_range=pc,format=yuvj420p', '-color_range', 'pc'],
    };
    const planes: Buffer[] = [];
    for (const [range, encode] of Object.entries(ranges)) {
      await runFfmpeg(
        '-f',
        'lavfi',
        '-i',
        'testsrc2=s=320x180:r=1:d=1',
        ...encode,
        '-c:v',
        'libx264',
        '-bf',
        '0',
        '-crf',
        '5',
        at(`${range}.ts`),
      );
      const [unit] = await unitsOf(`${range}.ts`);
      const { decoder, pictures } = decodeH264(2);
      decoder.feed(unit!, { shown: true });
      await until(() => pictures.length === 1);
      await decoder.stop();
      await writeFile(at(`${range}.jpg`), pictures[0]!.picture.bytes);
      await runFfmpeg('-i', at(`${range}.jpg`), '-f', 'rawvideo', '-pix_fmt', 'yuvj420p', at(`${range}.raw`));
      planes.push(await readFile(at(`${range}.raw`)));
    }
    const [narrow, full] = planes;
    for (const plane of planes) expect([Math.min(...plane) <= 2, Math.max(...plane) >= 253]).toEqual([true, true]);
    const differences = narrow!.map((value, index) => Math.abs(value - full![index]!));
    expect(differences.reduce((sum, one) => sum + one, 0) / differences.length).toBeLessThan(2);
  });

  it('gets over units that are broken', async () => {
    const units = await unitsOf('h264.0.ts');
    const { decoder, pictures } = decodeH264(15);
    try {
      for (const unit of units.slice(0, 30)) {
        const bytes = unit.sequence > 3 && unit.sequence < 9 ? Buffer.alloc(50, unit.sequence) : unit.bytes;
        decoder.feed({ ...unit, bytes }, { shown: true });
      }
      await until(() => pictures.some(({ unit }) => unit.sequence === 29));
      expect(pictures.every(({ unit }) => unit.sequence <= 3 || unit.sequence >= 9)).toBe(true);
    } finally {
      await decoder.stop();
    }
  });
});

describe('hardware decoding', () => {
  it.each(hardwareDecoders)('asks for %s in words that FFmpeg knows', async (hardware) => {
    const [unit] = await unitsOf('h264.0.ts');
    let pictures = 0;
    const known = await runFfmpeg('-hwaccels');
    const [, accelerator, , decoderName] = hardwareArguments(hardware, 'h264');
    expect(known.split('\n')).toContain(accelerator);
    expect(await runFfmpeg('-h', `decoder=${decoderName ?? ''}`)).toContain(`Decoder ${decoderName ?? ''} `);
    // With a device it works; without one the reason is the device, not an option.
    const reason = await whyNoHardware(ffmpeg, hardware);
    if (reason !== undefined) {
      expect(reason).toMatch(new RegExp(`^FFmpeg reaches no ${hardware} device here: `));
      expect(reason).not.toMatch(/Unrecognized option|Option not found|Error splitting|Unknown/);
    }
    const decoder = new UnitDecoder({
      ffmpeg,
      codec: 'h264',
      reorders: false,
      hardware,
      picturesPerSecond: 2,
      signal: new AbortController().signal,
      onPicture: () => pictures++,
    });
    if (unit) decoder.feed(unit, { shown: true });
    // The very arguments of a live camera: without a device they are refused for the device, and for nothing that stands before it.
    let ended: FfmpegExit | undefined;
    void decoder.exited.then((exit) => (ended = exit));
    await until(() => (reason === undefined ? pictures > 0 : ended !== undefined));
    await decoder.stop();
    if (reason === undefined) return;
    expect(ended).toMatchObject({ stderrTail: expect.stringMatching(/No device available for decoder|Device setup failed for decoder/) });
    expect(ended?.stderrTail).not.toMatch(/Unrecognized option|Option not found|Error splitting|Invalid argument/);
  });
});
