import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { removeLeftDirectories } from './private-directories.js';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(path.join(os.tmpdir(), 'nightjar-left-'));
});
afterEach(() => rm(parent, { recursive: true }));

it('what a killed process left of recordings goes; what is worked on, and what is not ours, stays', async () => {
  const nowMs = Date.now();
  for (const [name, minutesAgo] of [
    ['nightjar-play-old', 61],
    ['nightjar-play-new', 59],
    ['somebody-else', 600],
  ] as const) {
    await mkdir(path.join(parent, name));
    await writeFile(path.join(parent, name, 'part.mp4'), 'x');
    await utimes(path.join(parent, name), (nowMs - minutesAgo * 60_000) / 1_000, (nowMs - minutesAgo * 60_000) / 1_000);
  }
  expect([await removeLeftDirectories({ nowMs, parent }), await removeLeftDirectories({ nowMs, parent })]).toEqual([1, 0]);
  expect((await readdir(parent)).sort()).toEqual(['nightjar-play-new', 'somebody-else']);
});
