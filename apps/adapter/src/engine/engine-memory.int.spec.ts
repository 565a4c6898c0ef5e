import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, systemClock } from '@nightjar/runtime';
import { samplePictures, until } from '@nightjar/testing';
import { EnginePool, type EnginePoolOptions } from './engine-pool.js';
import type { EngineSettings } from './protocol.js';

const mebibyte = 1024 ** 2;
const patience = { timeoutMs: 60_000 };

/** Real models in real engine processes. Numbers are resident memory of this machine, so each is compared with one of the same run. */
describe('Models in memory', () => {
  let modelCacheDir: string;
  let photo: Buffer;
  let pool: EnginePool | undefined;

  beforeAll(async () => {
    modelCacheDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-models-'));
    photo = await readFile(samplePictures[0]!);
  });
  afterEach(async () => {
    await pool?.stop(AbortSignal.timeout(5_000));
    pool = undefined;
  });
  afterAll(() => rm(modelCacheDir, { recursive: true, force: true }));

  const open = async (settings: Partial<EngineSettings> = {}, options: Partial<EnginePoolOptions> = {}) => {
    const opened = new EnginePool({
      entry: new URL('../../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir, preload: [], logLevel: 'silent', ...settings },
      queueCapacity: 16,
      hangMs: 60_000,
      startTimeoutMs: 120_000,
      clock: systemClock,
      logger: createLogger({ service: 'test', level: 'silent' }),
      ...options,
    });
    pool = opened;
    await opened.start(AbortSignal.timeout(120_000));
    await until(() => opened.status.residentBytes > 0);
    return opened;
  };
  const detect = (on: EnginePool, model?: string) =>
    on.run({
      work: { steps: [{ task: 'detect_objects', options: { model } }], pictures: [photo] },
      lane: 'live',
      turn: 'camera_0',
      timeoutMs: 60_000,
    });
  const modelOf = (of: EnginePool, name: string) => of.status.models.find((model) => model.name === name);

  it('grow by a model when it is loaded, say so, and give it back when it is unloaded', async () => {
    const opened = await open();
    const emptyBytes = opened.status.residentBytes;
    await opened.load('nanodet', patience);
    await detect(opened);
    const { loaded, memoryBytes } = modelOf(opened, 'nanodet')!;
    expect(loaded).toBe(true);
    expect(memoryBytes).toBeGreaterThan(4 * mebibyte);
    expect(opened.status.residentBytes).toBeGreaterThan(emptyBytes);
    await opened.unload('nanodet', patience);
    expect(modelOf(opened, 'nanodet')).toMatchObject({ loaded: false, memoryBytes: undefined });
    // Slack of 128 MiB, beyond which the process would be replaced.
    await until(() => opened.status.residentBytes < emptyBytes + 128 * mebibyte);
    expect(opened.status.missingModels).toEqual([]);
  });

  it('do not grow over 25 loads and unloads', async () => {
    const opened = await open();
    const unloadedBytes: number[] = [];
    for (let cycle = 0; cycle < 25; cycle++) {
      await opened.load('nanodet', patience);
      await detect(opened);
      await opened.unload('nanodet', patience);
      unloadedBytes.push(opened.status.residentBytes);
    }
    const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    // The first ones fill caches that stay; a model that leaked would add its 40 MiB each time.
    expect(median(unloadedBytes.slice(-8))).toBeLessThan(1.25 * median(unloadedBytes.slice(5, 13)));
    expect(opened.status).toMatchObject({ deaths: 0, replaced: 0, ready: 1 });
  }, 240_000);

  it('leave when nobody used them for a while, and are loaded again by who needs them', async () => {
    const opened = await open({ idleUnloadMs: 700 });
    await detect(opened, 'nanodet');
    expect(modelOf(opened, 'nanodet')).toMatchObject({ loaded: true });
    await until(() => modelOf(opened, 'nanodet')?.loaded === false);
    const [step] = (await detect(opened, 'nanodet')).steps;
    expect(step).toMatchObject({ ok: true });
    expect(opened.status).toMatchObject({ ready: 1, deaths: 0 });
  });

  it('stay, however idle, when they are preloaded or were loaded by command', async () => {
    const opened = await open({ preload: ['nanodet'], idleUnloadMs: 300 });
    await opened.load('facemesh', patience);
    await sleep(2_000);
    expect(modelOf(opened, 'nanodet')).toMatchObject({ loaded: true });
    expect(modelOf(opened, 'facemesh')).toMatchObject({ loaded: true });
    await opened.unload('nanodet', patience);
    expect(modelOf(opened, 'nanodet')).toMatchObject({ loaded: false });
    // Somebody wanted it so: nothing is missing.
    expect(opened.status.missingModels).toEqual([]);
  });

  it('make room for each other within the memory budget, the least recently used first', async () => {
    const unbounded = await open();
    await unbounded.load('nanodet', patience);
    await detect(unbounded);
    const withOneBytes = unbounded.status.residentBytes;
    await unbounded.stop(AbortSignal.timeout(5_000));

    const opened = await open({}, { memoryBudgetBytes: withOneBytes + 12 * mebibyte });
    await detect(opened, 'nanodet');
    expect(modelOf(opened, 'nanodet')).toMatchObject({ loaded: true });
    await opened.load('faceres', patience);
    await until(() => modelOf(opened, 'faceres')?.loaded === true && modelOf(opened, 'nanodet')?.loaded === false);
    expect(opened.status).toMatchObject({ ready: 1, deaths: 0 });
  });

  it('that have no room are refused with the reason, while what needs no model is served', async () => {
    const empty = await open();
    const emptyBytes = empty.status.residentBytes;
    await empty.stop(AbortSignal.timeout(5_000));

    const opened = await open({}, { memoryBudgetBytes: emptyBytes + 4 * mebibyte });
    await expect(opened.load('faceres', patience)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^model "faceres@[^"]+" needs about \d+ MiB/),
    });
    const [refused] = (await detect(opened, 'nanodet')).steps;
    expect(refused).toMatchObject({ ok: false, code: 'unavailable' });
    const [echoed] = (
      await opened.run({ work: { steps: [{ task: 'echo', options: {} }], pictures: [photo] }, lane: 'live', turn: 'a', ...patience })
    ).steps;
    expect(echoed).toMatchObject({ ok: true });
    expect(opened.status).toMatchObject({ ready: 1, deaths: 0 });
  });
});
