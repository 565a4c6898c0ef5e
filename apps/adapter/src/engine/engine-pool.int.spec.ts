import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError, createLogger, systemClock } from '@nightjar/runtime';
import { samplePictures, until } from '@nightjar/testing';
import { EnginePool, type EnginePoolOptions, type EngineRequest } from './engine-pool.js';
import type { EngineTasks } from './engine-tasks.js';
import type { EngineResult } from './protocol.js';

// Engine processes run what `tsc -b` built: a child process has no compiler.
const entry = new URL('../../dist/engine/engine-process.js', import.meta.url);

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('EnginePool', () => {
  let modelCacheDir: string;
  let photo: Buffer;
  let pool: EnginePool;

  beforeAll(async () => {
    modelCacheDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-models-'));
    photo = await readFile(samplePictures[0]!);
  });
  afterAll(() => rm(modelCacheDir, { recursive: true, force: true }));
  afterEach(async () => {
    const { pids } = pool;
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await pool.stop(AbortSignal.timeout(5_000));
    expect(pids.filter(isAlive)).toEqual([]);
  });

  const openPool = async (overrides: Partial<EnginePoolOptions> = {}) => {
    pool = new EnginePool({
      entry,
      processes: 1,
      settings: { modelCacheDir, preload: ['nanodet'], logLevel: 'silent' },
      queueCapacity: 16,
      hangMs: 60_000,
      startTimeoutMs: 120_000,
      clock: systemClock,
      logger: createLogger({ service: 'test', level: 'silent' }),
      ...overrides,
    });
    await pool.start(AbortSignal.timeout(150_000));
  };
  const run = (picture: Uint8Array, overrides: Partial<EngineRequest> = {}) =>
    pool.run({
      work: { steps: [{ task: 'detect_objects', options: { labels: ['person'], minScore: 0.45 } }], pictures: [picture] },
      lane: 'live',
      turn: 'camera_0',
      timeoutMs: 60_000,
      ...overrides,
    });
  /** Persons, picture and model of a request that went well. */
  const detected = ({ steps: [step] }: EngineResult) => {
    if (!step?.ok) throw new AppError(step?.code ?? 'internal', step?.message ?? 'no outcome');
    return { ...(step.result as EngineTasks['detect_objects']['result']), model: step.models[0]! };
  };
  const detect = async (picture: Uint8Array, overrides: Partial<EngineRequest> = {}) => detected(await run(picture, overrides));

  it('finds the persons on a photo, in two processes at a time', async () => {
    await openPool({ processes: 2 });
    const answers = await Promise.all(samplePictures.slice(0, 4).map(async (file) => detect(await readFile(file))));
    // Sample 1 shows three persons; one more or less is the model's freedom.
    expect(answers[0]!.objects.length).toBeGreaterThanOrEqual(2);
    expect(answers[0]!.objects.length).toBeLessThanOrEqual(4);
    expect(answers[0]).toMatchObject({ picture: { width: 1920, height: 1280 }, model: { name: 'nanodet' } });
    expect(answers[0]!.model.fingerprint).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(pool.status).toMatchObject({
      processes: 2,
      ready: 2,
      busy: 0,
      queued: 0,
      deaths: 0,
      models: expect.arrayContaining([expect.objectContaining({ name: 'nanodet', loaded: true, loadedIn: 2 })]),
    });
  });

  it('answers a request whose process is killed, by running it again', async () => {
    await openPool();
    const [pid] = pool.pids;
    process.kill(pid!, 'SIGSTOP');
    const answer = detect(photo);
    expect(pool.status.busy).toBe(1);
    process.kill(pid!, 'SIGKILL');
    expect((await answer).objects.length).toBeGreaterThanOrEqual(2);
    expect(pool.status.deaths).toBe(1);
  });

  it('replaces a process that hangs', async () => {
    await openPool({ hangMs: 4_000 });
    process.kill(pool.pids[0]!, 'SIGSTOP');
    expect((await detect(photo)).objects.length).toBeGreaterThanOrEqual(2);
    expect(pool.status.deaths).toBe(1);
  });

  it('gives up on a picture that costs two processes, refuses it for a while, and serves others', async () => {
    await openPool({ processes: 2 });
    const deadly = Buffer.concat([photo, Buffer.from('deadly')]);
    const killer = setInterval(() => {
      if (pool.status.busy > 0) for (const pid of pool.pids) process.kill(pid, 'SIGKILL');
    }, 1);
    await expect(detect(deadly)).rejects.toMatchObject({ code: 'model_error' });
    clearInterval(killer);
    const { deaths } = pool.status;
    await expect(detect(deadly)).rejects.toMatchObject({ code: 'model_error' });
    expect(pool.status).toMatchObject({ quarantined: 1, deaths });
    expect((await detect(photo)).objects.length).toBeGreaterThanOrEqual(2);
  });

  it('answers a damaged picture with an error and lives on', async () => {
    await openPool();
    const damaged = Buffer.from(photo.subarray(0, photo.length / 2));
    await expect(detect(damaged)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(detect(Buffer.from('not a picture at all'))).rejects.toMatchObject({ code: 'invalid_argument' });
    expect((await detect(photo)).objects.length).toBeGreaterThanOrEqual(2);
    expect(pool.status.deaths).toBe(0);
  });

  it('keeps deadlines, obeys signals, and bounds what waits', async () => {
    await openPool({ queueCapacity: 2 });
    process.kill(pool.pids[0]!, 'SIGSTOP');
    const late = detect(photo, { timeoutMs: 100 });
    const controller = new AbortController();
    const cancelled = detect(photo, { signal: controller.signal, turn: 'camera_1' });
    const waiting = detect(photo, { turn: 'camera_2' });
    await expect(detect(photo, { turn: 'camera_3' })).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: expect.any(Number) });
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    process.kill(pool.pids[0]!, 'SIGCONT');
    expect((await waiting).objects.length).toBeGreaterThanOrEqual(2);
  });

  it('says why it cannot start', async () => {
    await expect(openPool({ settings: { modelCacheDir, preload: ['no-such-model'], logLevel: 'silent' } })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('available:'),
    });
  });

  it('leaves no engine process behind when its own process is killed', async () => {
    await openPool();
    const script = `
      import { EnginePool } from ${JSON.stringify(new URL('./engine-pool.js', entry).href)};
      const quiet = () => undefined;
      const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => logger };
      const clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
      const pool = new EnginePool({ entry: new URL(${JSON.stringify(entry.href)}), processes: 1, queueCapacity: 4, hangMs: 60_000, startTimeoutMs: 120_000, clock, logger,
        settings: { modelCacheDir: ${JSON.stringify(modelCacheDir)}, preload: ['nanodet'], logLevel: 'silent' } });
      await pool.start(AbortSignal.timeout(150_000));
      console.log(JSON.stringify(pool.pids));`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const orphans = JSON.parse(line.toString()) as number[];
    expect(orphans.every(isAlive)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !orphans.some(isAlive));
  });
});
