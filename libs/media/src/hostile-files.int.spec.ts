import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { decodeFrames } from './decode-frames.js';
import { FfmpegProcess } from './ffmpeg-process.js';
import { findFfmpeg, type FfmpegBinary } from './find-ffmpeg.js';
import { probeFile } from './probe-file.js';

/** On a machine that does much beside the tests; alone each takes less than one. */
const secondsMax = 60;

/** An element of Matroska: id in hex, a length of eight bytes, content. */
function element(id: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(body.length));
  length[0] = 0x01;
  return Buffer.concat([Buffer.from(id, 'hex'), length, body]);
}

const number = (value: number) => Buffer.from([value >> 8, value & 0xff]);

/** A Matroska file that declares so many video tracks and holds none of them. */
function fileOfTracks(count: number): Buffer {
  const tracks = Array.from({ length: count }, (_, index) =>
    element(
      'ae',
      element('d7', number(index + 1)),
      element('73c5', number(index + 1)),
      element('83', Buffer.from([1])),
      element('86', Buffer.from('V_VP8')),
      element('e0', element('b0', number(320)), element('ba', number(240))),
    ),
  );
  const ebml = element('1a45dfa3', element('4282', Buffer.from('matroska')));
  return Buffer.concat([ebml, element('18538067', element('1654ae6b', ...tracks))]);
}

/** Overwrites what stands behind the marker, wherever it is. */
function patched(file: Buffer, marker: Buffer, bytes: Buffer): Buffer {
  const copy = Buffer.from(file);
  if (!copy.includes(marker)) throw new Error('the file has no such marker');
  for (let at = copy.indexOf(marker); at !== -1; at = copy.indexOf(marker, at + 1)) bytes.copy(copy, at + marker.length);
  return copy;
}

describe('a file that was made to do harm', () => {
  let ffmpeg: FfmpegBinary;
  let directory: string;
  const at = (name: string) => path.join(directory, name);

  async function make(name: string, ...output: string[]): Promise<Buffer> {
    const process = FfmpegProcess.start({
      ffmpeg,
      arguments: ['-y', '-f', 'lavfi', '-i', 'testsrc2=s=400x300:r=5:d=2', ...output, at(name)],
    });
    for (const pipe of process.pipes) pipe.resume();
    const exit = await process.exited;
    if (exit.code !== 0) throw new Error(exit.stderrTail);
    return readFile(at(name));
  }

  beforeAll(async () => {
    const found = await findFfmpeg({});
    if (!found) throw new Error('these tests need FFmpeg');
    ffmpeg = found;
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-hostile-'));
    const pictures = await make('pictures.mkv', '-c:v', 'png');
    await make('list.m3u8', '-c:v', 'libx264', '-f', 'hls', '-hls_segment_filename', at('part%d.ts'));
    await copyFile(at('list.m3u8'), at('playlist.mp4'));
    await writeFile(at('streams.mkv'), fileOfTracks(10_000));
    const long = Buffer.alloc(8);
    long.writeDoubleBE(1e12);
    await writeFile(at('duration.mkv'), patched(pictures, Buffer.from('448988', 'hex'), long));
    const large = Buffer.from('0000ea600000ea60', 'hex');
    await writeFile(at('pixels.mkv'), patched(pictures, Buffer.from('IHDR'), large));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** As the agent does: look into it, then decode it. @returns how many frames there are */
  async function analyse(file: string): Promise<number> {
    await probeFile({ ffmpeg, path: at(file) });
    const frames = decodeFrames({
      ffmpeg,
      input: { kind: 'file', path: at(file) },
      samplesPerSecond: 5,
      samplesPerPicture: 1,
      signal: new AbortController().signal,
      clock: systemClock,
    });
    let count = 0;
    for await (const frame of frames) {
      expect(frame.luma.width).toBe(160);
      count++;
    }
    return count;
  }

  it.each(['playlist.mp4', 'streams.mkv', 'duration.mkv', 'pixels.mkv'])(
    `(%s) is refused as unprocessable within ${secondsMax} s`,
    async (file) => {
      const startedMs = performance.now();
      await expect(analyse(file)).rejects.toMatchObject({ code: 'unprocessable' });
      expect(performance.now() - startedMs).toBeLessThan(secondsMax * 1_000);
    },
  );

  it('(the honest one that they were made of) is decoded', async () => {
    expect(await analyse('pictures.mkv')).toBeGreaterThan(0);
  });

  it('gets no more CPU time and memory than it may have', async () => {
    const memoryBytes = 4 * 1024 ** 3;
    const process = FfmpegProcess.start({
      ffmpeg,
      arguments: ['-f', 'lavfi', '-i', 'testsrc2=s=640x360', '-f', 'rawvideo', 'pipe:1'],
      limits: { memoryBytes, cpuSeconds: 1 },
    });
    // What nobody reads keeps FFmpeg from using its second up until we have seen what it was given.
    const limitsOfProcess = async () => readFile(`/proc/${process.pid}/limits`, 'utf8').catch(() => '');
    // Not before prlimit has become FFmpeg.
    await until(async () => (await limitsOfProcess()).includes(String(memoryBytes)));
    expect(await limitsOfProcess()).toMatch(/Max core file size +0 +0/);
    for (const pipe of process.pipes) pipe.resume();
    expect(await process.exited).toMatchObject({ code: 255, stopped: undefined });
  });

  it('is not blamed when FFmpeg itself is gone', async () => {
    const process = FfmpegProcess.start({
      ffmpeg: { ...ffmpeg, path: '/nowhere/ffmpeg' },
      arguments: [],
      limits: { memoryBytes: 1024 ** 3 },
    });
    await expect(process.exited).rejects.toMatchObject({ code: 'unavailable' });
  });
});
