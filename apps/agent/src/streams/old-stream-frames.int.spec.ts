import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { removeOldStreamFrames } from './old-stream-frames.js';

const hourMs = 3_600_000;

it('removes the pictures of streams that are no cameras a day after the last one, and nothing else', async () => {
  const framesDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-frames-'));
  const stream = (digit: string) => `stream-${digit.repeat(8)}-1111-4111-8111-${digit.repeat(12)}`;
  const [old, fresh, running] = [stream('a'), stream('b'), stream('c')];
  const wallMs = Date.now();
  for (const [name, ageHours] of [
    [old, 25],
    [fresh, 23],
    [running, 30],
    ['camera_1', 1_000],
    ['stream-yard', 1_000],
  ] as const) {
    // prettier-ignore
    await mkdir(path.join(framesDir, name));
    await writeFile(path.join(framesDir, name, 'latest.jpg'), 'picture');
    const at = new Date(wallMs - ageHours * hourMs);
    await utimes(path.join(framesDir, name), at, at);
  }
  const logger = createLogger({ service: 'agent', level: 'silent' });
  const options = { framesDir, isInUse: (name: string) => name === running, wallMs: () => wallMs, logger };
  await removeOldStreamFrames(options);
  expect((await readdir(framesDir)).sort()).toEqual(['camera_1', fresh, running, 'stream-yard'].sort());
  await rm(framesDir, { recursive: true });
  // Nothing was written yet.
  await removeOldStreamFrames(options);
});
