import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { replaceFile, syncDirectory } from './replace-file.js';

describe('a file that is replaced', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-replace-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is one of its versions at any moment, also with many writers', async () => {
    const file = path.join(directory, 'latest.jpg');
    const versions = Array.from({ length: 8 }, (_, index) => String(index).repeat(200_000));
    await replaceFile(file, versions[0]!);
    const writing = Promise.all(versions.map((version) => replaceFile(file, version)));
    for (let reads = 0; reads < 20; reads++) expect(versions).toContain(await readFile(file, 'utf8'));
    await writing;
    expect(await readdir(directory)).toEqual(['latest.jpg']);
  });

  it('has the mode it was given, and its bytes when it is durable', async () => {
    const file = path.join(directory, 'credentials.json');
    await replaceFile(file, Buffer.from('{}'), { durable: true, mode: 0o600 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe('{}');
  });

  it('stays what it was, with nothing beside it, when it cannot be replaced', async () => {
    const file = path.join(directory, 'taken');
    await mkdir(path.join(file, 'below'), { recursive: true });
    await expect(replaceFile(file, 'text')).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST/) });
    expect(await readdir(directory)).toEqual(['taken']);
  });
});

describe('the names in a directory', () => {
  it('are synced where there are any, and nobody is told that they are when they are not', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-names-'));
    await syncDirectory(directory);
    const file = path.join(directory, 'file');
    await replaceFile(file, 'text');
    await expect(syncDirectory(path.join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await rm(directory, { recursive: true });
    await syncDirectory(directory);
  });
});
