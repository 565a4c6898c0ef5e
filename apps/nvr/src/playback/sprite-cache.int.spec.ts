import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SpriteCache } from './sprite-cache.js';

const yard = '70c75b04-1ec8-4aa1-930c-ddad9e47b54b';
const daySeconds = 24 * 3_600;
const keyOf = (sign: string) => sign.repeat(64);

let directory: string;
let cache: SpriteCache;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-sprites-'));
  cache = new SpriteCache(directory);
});
afterEach(() => rm(directory, { recursive: true }));

async function age(file: string, days: number): Promise<void> {
  const writtenAt = Date.now() / 1_000 - days * daySeconds;
  await utimes(path.join(directory, file), writtenAt, writtenAt);
}

describe('sprites that are kept', () => {
  it('are one camera’s', async () => {
    await cache.write({ cameraUuid: yard, key: keyOf('a') }, Buffer.from('yard'));
    expect((await cache.read({ cameraUuid: yard, key: keyOf('a') }))?.toString()).toBe('yard');
    expect(await cache.read({ cameraUuid: '00000000-0000-4000-8000-000000000000', key: keyOf('a') })).toBeUndefined();
    await rm(path.join(directory, yard), { recursive: true });
    expect(await cache.read({ cameraUuid: yard, key: keyOf('a') })).toBeUndefined();
  });

  it('go after a week, also where no other is made, and those of earlier releases too', async () => {
    for (const sign of ['a', 'b']) await cache.write({ cameraUuid: yard, key: keyOf(sign) }, Buffer.from('x'));
    await writeFile(path.join(directory, `${keyOf('c')}.jpg`), 'x');
    await writeFile(path.join(directory, 'of-somebody-else.jpg'), 'x');
    await age(`${yard}/${keyOf('a')}.jpg`, 8);
    await age(`${yard}/${keyOf('b')}.jpg`, 6);
    await age(`${keyOf('c')}.jpg`, 8);
    await age('of-somebody-else.jpg', 8);
    await cache.sweep();
    expect((await readdir(directory, { recursive: true })).sort()).toEqual([yard, `${yard}/${keyOf('b')}.jpg`, 'of-somebody-else.jpg']);
  });

  it('are none where there is no folder yet', async () => {
    expect(await new SpriteCache(path.join(directory, 'later')).sweep()).toBeUndefined();
  });
});
