import { createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { FfmpegProcess } from './ffmpeg-process.js';
import { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
import { NutSplitter, type NutFrame } from './nut-splitter.js';

let ffmpeg: FfmpegBinary;

beforeAll(async () => {
  const found = await findFfmpeg({});
  if (!found) throw new Error('these tests need FFmpeg');
  ffmpeg = found;
});

async function runFfmpeg(args: readonly string[], stdin?: Buffer): Promise<Buffer> {
  const process = FfmpegProcess.start({ ffmpeg, arguments: args, withStdin: stdin !== undefined });
  const chunks: Buffer[] = [];
  for (const pipe of process.pipes) pipe.on('data', (chunk: Buffer) => chunks.push(chunk));
  process.stdin?.end(stdin);
  const exit = await process.exited;
  if (exit.code !== 0) throw new Error(exit.stderrTail);
  return Buffer.concat(chunks);
}

const scene = ['-f', 'lavfi', '-i', 'testsrc2=s=128x72:r=15:d=20', '-f', 'lavfi', '-i', 'sine=d=20'];
const asNut = ['-f', 'nut', 'pipe:1'];
const kinds: readonly (readonly [what: string, args: readonly string[]])[] = [
  ['pictures that come in another order than they are shown', [...scene, '-c:v', 'libx264', '-bf', '3', '-c:a', 'aac', ...asNut]],
  ['beginnings that all packets have in common and that are left out', [...scene, '-c:v', 'mpeg4', '-c:a', 'libmp3lame', ...asNut]],
  ['headers that are repeated', [...scene, '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-c:a', 'pcm_s16le', ...asNut]],
  [
    'packets far apart in time',
    [...scene, '-an', '-vf', 'select=not(mod(n\\,37)),setpts=100000*PTS', '-fps_mode', 'passthrough', '-c:v', 'mjpeg', ...asNut],
  ],
  ['no index and a packet at a time', [...scene, '-c:v', 'mjpeg', '-c:a', 'aac', '-write_index', '0', '-flush_packets', '1', ...asNut]],
];

/** Stream, time in ms, and what is in it. */
type Told = readonly [stream: number, ptsMs: number, md5: string];

/** As FFmpeg reads it. */
async function toldByFfmpeg(nut: Buffer): Promise<Told[]> {
  const text = (await runFfmpeg(['-copyts', '-i', 'pipe:0', '-map', '0', '-c', 'copy', '-f', 'framemd5', 'pipe:1'], nut)).toString();
  const lines = text.split('\n');
  const msPerTick = lines.flatMap((line) => {
    const [, ticks, perSecond] = /^#tb \d+: (\d+)\/(\d+)/.exec(line) ?? [];
    return ticks === undefined ? [] : [(Number(ticks) * 1_000) / Number(perSecond)];
  });
  return lines
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',').map((field) => field.trim()))
    .map(([stream, , pts, , , md5]) => [Number(stream), Math.round(Number(pts) * (msPerTick[Number(stream)] ?? 0)), md5 ?? '']);
}

const toldByUs = ({ bytes, ptsSeconds, stream }: NutFrame): Told => [
  stream,
  Math.round(ptsSeconds * 1_000),
  createHash('md5').update(bytes).digest('hex'),
];

const byStream = (told: readonly Told[]) => told.toSorted(([a], [b]) => a - b);

describe('NutSplitter', () => {
  it.each(kinds)('reads what FFmpeg reads: %s', async (_what, args) => {
    const nut = await runFfmpeg(args);
    const expected = byStream(await toldByFfmpeg(nut));
    expect(expected.length).toBeGreaterThan(8);
    for (const chunkBytes of [701, 65_536, nut.length]) {
      const splitter = new NutSplitter();
      const frames: Told[] = [];
      for (let at = 0; at < nut.length; at += chunkBytes)
        frames.push(...splitter.push(nut.subarray(at, at + chunkBytes)).map((frame) => toldByUs(frame)));
      expect(byStream(frames)).toEqual(expected);
    }
  });

  it('gives each packet out with its last byte, wherever chunks end', async () => {
    const nut = await runFfmpeg(['-f', 'lavfi', '-i', 'testsrc2=s=32x16:r=5:d=1', '-c:v', 'mjpeg', '-write_index', '0', ...asNut]);
    const splitter = new NutSplitter();
    const seen: number[] = [];
    for (let at = 0; at < nut.length; at++)
      for (const { bytes } of splitter.push(nut.subarray(at, at + 1))) {
        expect(bytes.subarray(-2).toString('hex')).toBe('ffd9');
        expect(nut.subarray(at + 1 - bytes.length, at + 1).equals(bytes)).toBe(true);
        seen.push(at);
      }
    expect(seen).toHaveLength(5);
  });

  it.each([
    ['something else', (nut: Buffer) => Buffer.concat([Buffer.from('RIFF'), nut])],
    ['a frame without headers', (nut: Buffer) => nut.subarray(nut.indexOf('NK'))],
    ['another version', (nut: Buffer) => withByte(nut, 25 + 8 + 1, 9)],
    ['zeros', () => Buffer.alloc(1_000)],
  ])('throws at %s', async (_what, spoil) => {
    const nut = await runFfmpeg(['-f', 'lavfi', '-i', 'testsrc2=s=32x16:r=5:d=1', '-c:v', 'mjpeg', ...asNut]);
    expect(() => new NutSplitter().push(spoil(nut))).toThrow('the decoder sent something that is no NUT');
  });

  it('ends with an error or in peace, whatever bytes are wrong', async () => {
    const nut = await runFfmpeg(['-f', 'lavfi', '-i', 'testsrc2=s=32x16:r=5:d=2', '-c:v', 'mjpeg', ...asNut]);
    for (let round = 0; round < 3_000; round++) {
      const at = (round * 7_919) % nut.length;
      const spoilt = withByte(nut, at, (round * 31) % 256);
      try {
        for (const { bytes, ptsSeconds } of new NutSplitter().push(spoilt))
          expect([bytes.length <= nut.length, Number.isFinite(ptsSeconds)]).toEqual([true, true]);
      } catch (error) {
        expect(error).toMatchObject({ code: 'internal' });
      }
    }
  });
});

describe('a muxer that is pushed', () => {
  let process: FfmpegProcess | undefined;
  afterEach(() => process?.stop());

  it('gives both halves of each picture while the next is awaited, with one stream 1000 s ahead of the others', async () => {
    // Two halves and what pushes them, three pictures each; the fourth is not due before the spec is over.
    const input = 'testsrc2=s=64x32:r=2,setpts=if(gte(N\\,3)\\,1000/TB\\,PTS)';
    process = FfmpegProcess.start({
      ffmpeg,
      arguments: [
        ...['-re', '-f', 'lavfi', '-i', input, '-filter_complex', '[0:v]split=3[a][b][c0];[c0]setpts=PTS+1000/TB[c]'],
        ...['-map', '[a]', '-map', '[b]', '-map', '[c]', '-fps_mode', 'passthrough', '-c:v', 'rawvideo'],
        ...['-max_interleave_delta', '1', '-flush_packets', '1', ...asNut],
      ],
    });
    const splitter = new NutSplitter();
    const times: number[][] = [[], [], []];
    process.pipes[0]?.on('data', (chunk: Buffer) => {
      for (const { stream, ptsSeconds } of splitter.push(chunk)) times[stream]?.push(ptsSeconds);
    });
    const halves = times.slice(0, 2);
    await until(() => halves.every(({ length }) => length >= 3));
    expect(halves).toEqual([
      [0, 0.5, 1],
      [0, 0.5, 1],
    ]);
  });
});

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = value;
  return changed;
}
