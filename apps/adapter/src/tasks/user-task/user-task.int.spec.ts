import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import { TaskRunnerFixture } from '../task-runner.fixture.js';

describe('a task of the operator’s folder, as callers see it', () => {
  let directory: string;
  let tasks: TaskRunnerFixture;
  let photo: Buffer;

  const write = async (name: string, manifest: object, module: string) => {
    const folder = path.join(directory, name);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'task.json'), JSON.stringify({ name, ...manifest }));
    await writeFile(path.join(folder, 'task.mjs'), module);
  };
  const rescan = () => tasks.pool.rescan({ timeoutMs: 30_000 });
  const offered = () => tasks.catalogue.available().map(({ name }) => name);

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-user-task-'));
    photo = await readFile(samplePictures[0]!);
    tasks = await TaskRunnerFixture.start({ tasksDir: directory }, { hangMs: 4_000 });
  });
  afterAll(async () => {
    await tasks.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('comes, changes and goes with its files', async () => {
    await write('pixels', {}, 'export default async ({ picture }) => ({ version: 1, ...(await picture.size()) });');
    await rescan();
    expect(offered()).toContain('pixels');
    expect((await tasks.run('pixels', photo)).body).toEqual({ version: 1, width: 1920, height: 1280 });
    await write('pixels', {}, 'export default () => ({ version: "second" });');
    await rescan();
    expect((await tasks.run('pixels', photo)).body).toEqual({ version: 'second' });
    await rm(path.join(directory, 'pixels'), { recursive: true });
    await rescan();
    expect(offered()).not.toContain('pixels');
    expect(() => tasks.catalogue.require('pixels')).toThrow("Unknown task 'pixels'");
  });

  it('is not offered under a built-in name, nor without the models it needs', async () => {
    await write('person_counting', {}, 'export default () => ({ stolen: true });');
    await write('vectors', { needs: ['embedder'] }, 'export default () => ({});');
    await rescan();
    expect(tasks.catalogue.problems()).toEqual([{ name: 'person_counting', problem: expect.stringContaining('built-in') }]);
    expect((await tasks.run('person_counting', photo)).body).not.toHaveProperty('stolen');
    expect(offered()).not.toContain('vectors');
  });

  it('gets only what its manifest allows', async () => {
    const input = { type: 'object', properties: { limit: { type: 'integer', minimum: 1, default: 3 } } };
    await write('limited', { input }, 'export default ({ input }) => ({ limit: input.limit });');
    await rescan();
    expect((await tasks.run('limited', photo)).body).toEqual({ limit: 3 });
    await expect(tasks.run('limited', photo, { limit: 0 })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('limit'),
    });
  });

  it('that hangs costs its process and nothing else', async () => {
    await write('hanging', {}, 'export default () => { for (;;); };');
    await rescan();
    const [before] = tasks.pool.pids;
    await expect(tasks.run('hanging', await readFile(samplePictures[1]!))).rejects.toMatchObject({
      code: expect.stringMatching(/model_error|deadline_exceeded/),
    });
    expect((await tasks.run('person_counting', photo)).body['count']).toBeGreaterThanOrEqual(2);
    expect(tasks.pool.pids).not.toContain(before);
  });
});
