import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { createJobId } from '../jobs/job-id.js';
import { JobStore } from '../jobs/job.store.js';
import { MediaStore } from './media-store.js';
import { removeOrphans } from './remove-orphans.js';

describe('the media store', () => {
  let root: string;
  let store: MediaStore;

  beforeAll(async () => {
    root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-media-'));
    store = await MediaStore.open(root);
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('shows a file under its name once it is whole', async () => {
    const half = new Readable({ read: () => undefined });
    half.push('first half, ');
    const received = store.receive('job-1/video', half, { bytesMax: 100 });
    while ((await readdir(path.join(root, '.incoming'))).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await readdir(root)).toEqual(['.incoming']);
    half.push('second half');
    half.push(null);
    expect(await received).toBe(23);
    expect(await readFile(path.join(root, 'job-1/video'), 'utf8')).toBe('first half, second half');
  });

  it('gives a video that comes in pieces its name when all are there, however often it is asked to', async () => {
    for (const piece of ['first ', 'second']) {
      const partial = await store.openPartial('job-pieces');
      await partial.append(Buffer.from(piece));
      await partial.sync();
      await partial.close();
      expect(await store.has('job-pieces/video')).toBe(false);
    }
    for (let asked = 0; asked < 2; asked++) expect(await store.completePartial('job-pieces', 'job-pieces/video')).toBe(12);
    expect(await readFile(path.join(root, 'job-pieces/video'), 'utf8')).toBe('first second');
    await expect(store.completePartial('job-none', 'job-none/video')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('refuses pieces that are no video, and removes them with their job', async () => {
    const partial = await store.openPartial('job-playlist');
    await partial.append(Buffer.from('#EXTM3U\n'));
    await partial.close();
    await expect(store.completePartial('job-playlist', 'job-playlist/video')).rejects.toMatchObject({ code: 'unprocessable' });
    await store.removeFolder('job-playlist');
    expect(await readdir(path.join(root, '.incoming'))).toEqual([]);
  });

  it.each(['../etc/passwd', '/etc/passwd', 'job/../../x', 'job\\x/y', 'job/.hidden', '.incoming/x', 'job', 'job/a/b', 'job/a\0', ''])(
    'refuses %j as the name of a file',
    async (name) => {
      await expect(store.write(name, Buffer.from('x'))).rejects.toMatchObject({ code: 'internal' });
    },
  );

  it.each(['..', '.', '.incoming', '', 'a/b', '/'])('refuses %j as the name of a folder', async (name) => {
    await expect(store.removeFolder(name)).rejects.toMatchObject({ code: 'internal' });
  });

  it('leaves nothing and says unavailable when the disk is full', async () => {
    const mountPoint = await mkdtemp(path.join(os.tmpdir(), 'nightjar-full-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mountPoint]).status !== 0) {
      process.stdout.write('not checked here: a full disk needs the right to mount a small tmpfs\n');
      return;
    }
    try {
      const small = await MediaStore.open(mountPoint);
      await expect(small.receive('job-2/video', Readable.from([Buffer.alloc(512 * 1024)]), { bytesMax: 1024 ** 2 })).rejects.toMatchObject({
        code: 'unavailable',
        retryAfterMs: 60_000,
      });
      expect(await readdir(mountPoint, { recursive: true })).toEqual(['.incoming']);
      expect(await small.receive('job-2/video', Readable.from([Buffer.alloc(1024)]), { bytesMax: 1024 ** 2 })).toBe(1024);
    } finally {
      spawnSync('umount', [mountPoint]);
      await rm(mountPoint, { recursive: true, force: true });
    }
  });
});

describe('orphaned uploads', () => {
  let testDatabase: TestDatabase;
  let database: JobsDatabase;
  let root: string;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = openJobsDatabase({ url: testDatabase.url });
    root = await mkdtemp(path.join(os.tmpdir(), 'nightjar-media-'));
  });
  afterAll(async () => {
    await database?.$disconnect();
    await testDatabase?.drop();
    await rm(root, { recursive: true, force: true });
  });

  it('are removed when they are old and no open job needs them; nothing else is', async () => {
    const media = await MediaStore.open(root);
    const jobs = new JobStore(database, 3_600_000);
    const { id: apiKeyId } = await database.apiKey.create({
      data: { name: 'test', prefix: 'test', sha256: new Uint8Array(32), scopes: [] },
    });
    const [open, closed, withoutRow, young] = Array.from({ length: 4 }, () => createJobId('video', Date.now())) as [
      string,
      string,
      string,
      string,
    ];
    for (const id of [open, closed, withoutRow, young]) await media.write(`${id}/video`, Buffer.from('x'));
    for (const id of [open, closed])
      await jobs.insertVideoJob({
        id,
        owner: { tenantId: 1, apiKeyId, userId: undefined, faceEmbeddings: false },
        maxProcessingSeconds: 0,
        webhook: null,
        file: `${id}/video`,
        sizeBytes: 1,
      });
    await database.job.update({ where: { id: closed }, data: { state: 'failed' } });
    await mkdir(path.join(root, 'holiday-pictures'));
    await writeFile(path.join(root, '.incoming', 'half-written'), 'x');
    await writeFile(path.join(root, '.incoming', 'being-written'), 'x');
    const longAgo = new Date(Date.now() - 7_200_000);
    const [paused, givenUp] = [createJobId('video', Date.now()), createJobId('video', Date.now())];
    for (const id of [paused, givenUp]) await writeFile(path.join(root, '.incoming', `${id}.json`), 'x');
    await utimes(path.join(root, '.incoming', `${givenUp}.json`), new Date(0), new Date(0));
    for (const name of [open, closed, withoutRow, 'holiday-pictures', '.incoming/half-written', `.incoming/${paused}.json`])
      await utimes(path.join(root, name), longAgo, longAgo);

    expect(await removeOrphans({ media, jobs, untouchedSinceUnixMs: Date.now() - 3_600_000 })).toEqual({ folders: 2, halfWritten: 2 });
    expect((await readdir(root)).sort()).toEqual(['.incoming', 'holiday-pictures', open, young].sort());
    expect((await readdir(path.join(root, '.incoming'))).sort()).toEqual(['being-written', `${paused}.json`]);
  });
});
