import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { FolderWatch, signFolders } from './folder-watch.js';

describe('FolderWatch', () => {
  let directory: string;
  let models: string;
  let watch: FolderWatch | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-folders-'));
    models = path.join(directory, 'models');
  });
  afterEach(async () => {
    await watch?.stop();
    watch = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  const open = (onChange: () => Promise<void>) => {
    const logger = createLogger({ service: 'test', level: 'silent' });
    watch = new FolderWatch({ folders: [models, path.join(directory, 'tasks')], onChange, everyMs: 20, logger });
    watch.start();
  };

  it('sees files come, change, be replaced and go, at any depth of a model, and through links', async () => {
    const signatures = new Set<string>();
    const sign = async () => signatures.add(await signFolders([models])).size;
    expect(await sign()).toBe(1);
    await mkdir(path.join(models, 'yolo', '1'), { recursive: true });
    expect(await sign()).toBe(2);
    const file = path.join(models, 'yolo', '1', 'model.onnx');
    await writeFile(file, 'weights');
    expect(await sign()).toBe(3);
    expect(await sign()).toBe(3);
    await utimes(file, 1, 1);
    expect(await sign()).toBe(4);
    await writeFile(path.join(directory, 'other'), 'WEIGHTS');
    await utimes(path.join(directory, 'other'), 1, 1);
    await rename(path.join(directory, 'other'), file);
    expect(await sign()).toBe(5);
    await symlink(path.join(directory, 'elsewhere'), path.join(models, 'linked'));
    expect(await sign()).toBe(6);
    await mkdir(path.join(directory, 'elsewhere'));
    expect(await sign()).toBe(7);
    await rm(path.join(models, 'yolo'), { recursive: true });
    expect(await sign()).toBe(8);
  });

  it('comes to an end where a link leads back, and where there are far too many files', async () => {
    await mkdir(models);
    await symlink(models, path.join(models, 'round'));
    await symlink(models, path.join(models, 'and-round'));
    expect(await signFolders([models])).toEqual(expect.any(String));
  });

  it('tells of a change once, of the next one again, and of folders that did not exist', async () => {
    let told = 0;
    open(async () => void told++);
    await sleep(100);
    expect(told).toBe(0);
    // In one step each: two folders made one after the other may be two changes.
    await mkdir(path.join(directory, 'elsewhere', 'yolo'), { recursive: true });
    await rename(path.join(directory, 'elsewhere'), models);
    await until(() => told === 1);
    await sleep(100);
    expect(told).toBe(1);
    await rename(models, path.join(directory, 'elsewhere'));
    await until(() => told === 2);
  });

  it('waits until a file has arrived, but not for ever', async () => {
    await mkdir(models);
    let told = 0;
    let arrived = false;
    const toldWhileArriving: number[] = [];
    open(async () => {
      told++;
      if (!arrived) toldWhileArriving.push(told);
    });
    const writing = setInterval(() => void appendFile(path.join(models, 'big'), 'more'), 2);
    await until(() => told >= 1);
    clearInterval(writing);
    arrived = true;
    // What was written last may have been seen before.
    await appendFile(path.join(models, 'big'), 'the end');
    await until(() => told >= 2);
    expect(toldWhileArriving.length).toBeGreaterThanOrEqual(1);
  });

  it('goes on looking when what it tells fails', async () => {
    await mkdir(models);
    let told = 0;
    open(async () => {
      told++;
      throw new Error('no');
    });
    for (const name of ['a', 'b']) {
      const before = told;
      await writeFile(path.join(models, name), '');
      await until(() => told > before);
    }
  });
});
