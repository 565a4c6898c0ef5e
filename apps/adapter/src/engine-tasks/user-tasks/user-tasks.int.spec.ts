import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import { ConvertedModelCache } from '../../models/converted-model-cache.js';
import { ModelRepository } from '../../models/model-repository.js';
import { ModelStore } from '../../models/model-store.js';
import { runWork } from '../run-work.js';
import { UserTasks } from './user-tasks.js';

const logger = createLogger({ service: 'test', level: 'silent' });
const guide = new URL('../../../../../docs/guide/your-own-task.md', import.meta.url);

/** The code blocks of the guide, by the file that each is said to be. */
async function blocksOfGuide(): Promise<Record<string, string>> {
  const text = await readFile(guide, 'utf8');
  return Object.fromEntries([...text.matchAll(/`([\w./-]+)`:\n\n```\w*\n([^]*?)```/g)].map(([, file, block]) => [file!, block!]));
}

describe('tasks of the tasks folder', () => {
  let directory: string;
  let models: ModelStore;

  const write = async (folder: string, manifest: object | string, files: Record<string, string> = {}) => {
    const target = path.join(directory, 'tasks', folder);
    await mkdir(target, { recursive: true });
    await writeFile(path.join(target, 'task.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest));
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(target, name), content);
  };
  const scan = async () => {
    const tasks = new UserTasks(path.join(directory, 'tasks'), logger);
    await tasks.rescan();
    return tasks;
  };
  const run = async (tasks: UserTasks, name: string, input: Record<string, unknown> = {}) => {
    const work = { steps: [{ task: 'user_task', options: { name, input } }], pictures: [await readFile(samplePictures[0]!)] } as const;
    const { result, failures } = await runWork(work, models, tasks);
    const [outcome] = result.steps;
    if (!outcome?.ok) throw failures[0];
    return (outcome.result as { answer: Record<string, unknown> }).answer;
  };

  beforeAll(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-user-tasks-'));
    const cache = new ConvertedModelCache(path.join(directory, 'cache'), logger);
    models = new ModelStore({ repository: new ModelRepository(), cache, defaultModels: {}, logger });
    await models.verifyAll();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('runs the guide’s own example on a photo', async () => {
    const { 'task.json': manifest, 'task.mjs': module } = await blocksOfGuide();
    await write('crowd', manifest!, { 'task.mjs': module! });
    const tasks = await scan();
    expect(tasks.list()).toMatchObject([{ name: 'crowd_level', problem: undefined, needs: ['detector'] }]);
    expect(await run(tasks, 'crowd_level', { crowded_from: 2 })).toEqual({ people: expect.any(Number), crowded: true });
    expect(await run(tasks, 'crowd_level', { crowded_from: 100 })).toMatchObject({ crowded: false });
    await expect(run(tasks, 'crowd_level', { crowded_from: 0 })).rejects.toMatchObject({ code: 'invalid_argument' });
    await rm(path.join(directory, 'tasks', 'crowd'), { recursive: true });
  });

  it('hands a refusal to the caller, and hides the text of a failure', async () => {
    await write(
      'moody',
      { name: 'moody' },
      {
        'task.mjs': `export default ({ input, Refusal }) => { throw input.refuse ? new Refusal('not on Mondays') : new Error('secret'); };`,
      },
    );
    const tasks = await scan();
    await expect(run(tasks, 'moody', { refuse: true })).rejects.toMatchObject({ code: 'invalid_argument', message: 'not on Mondays' });
    await expect(run(tasks, 'moody')).rejects.toMatchObject({ code: 'model_error', message: 'task "moody" failed' });
  });

  it('holds an answer against the manifest', async () => {
    const output = { type: 'object', properties: { count: { type: 'integer' } }, required: ['count'] };
    await write('liar', { name: 'liar', output }, { 'task.mjs': 'export default () => ({ count: "many" });' });
    await expect(run(await scan(), 'liar')).rejects.toMatchObject({ code: 'model_error', message: expect.stringContaining('count') });
  });

  it('says what is wrong with a task, offers the others, and lets nothing out of its folder', async () => {
    await rm(path.join(directory, 'tasks'), { recursive: true });
    await write('good', { name: 'good' }, { 'task.mjs': 'export default () => ({});' });
    await write('json', '{ not json');
    await write('name', { name: '__proto__' });
    await write('odd-module', { name: 'odd_module', module: '../good/task.mjs' });
    await write('no-module', { name: 'no_module' });
    await write('syntax', { name: 'syntax' }, { 'task.mjs': 'export default (' });
    await write('no-export', { name: 'no_export' }, { 'task.mjs': 'export const run = 1;' });
    await write('schema', { name: 'schema', input: { type: 'object', properties: { x: { $ref: 'http://127.0.0.1/x' } } } });
    await write('link', { name: 'link' });
    await symlink(path.join(directory, 'tasks', 'good', 'task.mjs'), path.join(directory, 'tasks', 'link', 'task.mjs'));
    const tasks = await scan();
    const problems = Object.fromEntries(tasks.list().map(({ name, problem }) => [name, problem]));
    expect(problems).toMatchObject({
      good: undefined,
      json: expect.stringContaining('no JSON'),
      name: expect.stringContaining('name'),
      'odd-module': expect.stringContaining('module'),
      no_module: expect.stringContaining('missing'),
      syntax: expect.stringContaining('cannot be loaded'),
      no_export: expect.stringContaining('default export'),
      schema: expect.stringContaining('JSON Schema'),
      link: expect.stringContaining('leads out'),
    });
    expect(JSON.stringify(problems)).not.toContain(directory);
    expect(await run(tasks, 'good')).toEqual({});
    await expect(run(tasks, 'link')).rejects.toMatchObject({ code: 'not_found' });
    await expect(run(tasks, 'constructor')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is empty without a folder', async () => {
    const tasks = new UserTasks(path.join(directory, 'nowhere'), logger);
    await tasks.rescan();
    expect(tasks.list()).toEqual([]);
  });
});
