import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { hardwareDecoders, whyNoHardware } from './hardware-decode.js';
import { UnitDecoder } from './unit-decoder.js';

/** Says how much memory it may map, and what it was called with. */
let teller: FfmpegBinary;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-limits-'));
  teller = { path: path.join(directory, 'teller'), version: '5.1', foundBy: 'PATH' };
  await writeFile(teller.path, '#!/bin/sh\necho "maps $(ulimit -v) with $*" >&2\nexit 1\n');
  await chmod(teller.path, 0o755);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function decoderSays(hardware: (typeof hardwareDecoders)[number] | undefined): Promise<string> {
  const { signal } = new AbortController();
  const decoder = new UnitDecoder({
    ffmpeg: teller,
    codec: 'h264',
    hardware,
    reorders: false,
    picturesPerSecond: 2,
    signal,
    onPicture: () => undefined,
  });
  return (await decoder.exited).stderrTail;
}

describe('the decoder of a camera', () => {
  it('may map 4 GiB on the CPU', async () => {
    expect(await decoderSays(undefined)).toMatch(/^maps 4194304 with .*-max_alloc \d+ .*-max_pixels \d+/);
  });

  it.each(hardwareDecoders)(
    'may map what the driver of %s needs, as the trial of it may, within the bounds of FFmpeg itself',
    async (hardware) => {
      for (const said of [await decoderSays(hardware), (await whyNoHardware(teller, hardware)) ?? ''])
        expect(said).toMatch(/maps unlimited with .*-max_alloc \d+ .*-max_pixels \d+/);
    },
  );
});
