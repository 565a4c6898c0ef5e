import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFrameFile } from './read-frame-file.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-frames-'));
  await mkdir(path.join(root, 'yard'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const read = (directory: string, file: string, bytesMax = 1_000) => readFrameFile(root, { directory, file }, bytesMax);

describe('a picture of the frames directory', () => {
  it('is there at any moment while agents replace it, and is one of its versions', async () => {
    const picture = path.join(root, 'yard', 'latest.jpg');
    const versions = ['first', 'second'];
    await writeFile(picture, versions[0]!);
    const stopping = new AbortController();
    const replacing = (async () => {
      for (let count = 0; !stopping.signal.aborted; count++) {
        await writeFile(`${picture}.new`, versions[count % 2]!);
        await rename(`${picture}.new`, picture);
      }
    })();
    try {
      for (let reads = 0; reads < 2_000; reads++) expect(versions).toContain((await read('yard', 'latest.jpg')).bytes.toString());
    } finally {
      stopping.abort();
      await replacing;
    }
  });

  it('is no link, no directory and nothing too large', async () => {
    await writeFile(path.join(root, 'secret'), 'secret');
    await symlink(path.join(root, 'secret'), path.join(root, 'yard', 'link.jpg'));
    await symlink(path.join(root, 'yard'), path.join(root, 'elsewhere'));
    await mkdir(path.join(root, 'yard', 'folder.jpg'));
    for (const [directory, file] of [
      ['yard', 'link.jpg'],
      ['elsewhere', 'latest.jpg'],
      ['yard', 'folder.jpg'],
      ['yard', 'none.jpg'],
    ] as const)
      await expect(read(directory, file)).rejects.toMatchObject({ code: 'not_found', message: 'Frame not found' });
    await expect(read('yard', 'latest.jpg', 4)).rejects.toMatchObject({ code: 'payload_too_large' });
  });
});
