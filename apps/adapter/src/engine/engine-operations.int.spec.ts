import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { DoublePool } from './double-pool.fixture.js';
import type { EnginePool, EnginePoolOptions, EngineRequest } from './engine-pool.js';

describe('Engine processes as operators see them', () => {
  let double: DoublePool;
  let pool: EnginePool;

  beforeEach(async () => {
    double = await DoublePool.make();
  });
  afterEach(() => double.close());

  const open = async (overrides: Partial<EnginePoolOptions> = {}) => {
    pool = await double.open(overrides);
  };
  const ask = (script: object, overrides: Partial<EngineRequest> = {}) => double.ask(script, overrides);

  const patience = { timeoutMs: 60_000 };

  describe('a start', () => {
    it('that fails says why', async () => {
      pool = double.create();
      await writeFile(path.join(double.directory, 'refuse-to-start'), '');
      await expect(pool.start(AbortSignal.timeout(120_000))).rejects.toMatchObject({ code: 'not_found', message: 'no such model' });
    });

    it('that is called off leaves no process behind, not even one that hears nothing', async () => {
      pool = double.create();
      await writeFile(path.join(double.directory, 'hang-at-start'), '');
      const caller = new AbortController();
      const started = pool.start(caller.signal);
      await until(() => pool.pids.length === 1);
      const [pid] = pool.pids;
      caller.abort();
      await expect(started).rejects.toMatchObject({ code: 'cancelled' });
      expect(() => process.kill(pid!, 0)).toThrow('ESRCH');
    });

    it('that crashes again and again is given up', async () => {
      pool = double.create();
      await writeFile(path.join(double.directory, 'crash-at-start'), '');
      await expect(pool.start(AbortSignal.timeout(120_000))).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('crashed'),
      });
    });

    it('that takes too long is begun again', async () => {
      // Much longer than a process takes that is not told to hang.
      pool = double.create({ startTimeoutMs: 5_000 });
      await writeFile(path.join(double.directory, 'hang-at-start'), '');
      const started = pool.start(AbortSignal.timeout(120_000));
      await until(() => pool.status.deaths > 0);
      expect(pool.status.engineProcesses[0]!.lastExit).toMatchObject({ reason: 'hung' });
      await rm(path.join(double.directory, 'hang-at-start'));
      await started;
    });

    it('of a later process that fails is tried again while the others serve', async () => {
      await open({ processes: 2 });
      await writeFile(path.join(double.directory, 'refuse-to-start'), '');
      process.kill(pool.pids[0]!, 'SIGKILL');
      await until(() => pool.status.engineProcesses.some(({ lastExit }) => lastExit?.reason === 'could not start'));
      await ask({});
      await rm(path.join(double.directory, 'refuse-to-start'));
      await until(() => pool.status.ready === 2);
    });
  });

  describe('models by command', () => {
    const loadedIn = (name: string) => pool.status.models.find((model) => model.name === name)?.loadedIn;

    it('are loaded in every process, and again in one that is started later', async () => {
      await open({ processes: 2 });
      await pool.load('small', patience);
      expect(loadedIn('small')).toBe(2);
      process.kill(pool.pids[0]!, 'SIGKILL');
      await until(() => pool.status.deaths === 1 && pool.status.ready === 2 && loadedIn('small') === 2);
      await pool.unload('small', patience);
      expect(loadedIn('small')).toBe(0);
      process.kill(pool.pids[0]!, 'SIGKILL');
      await until(() => pool.status.deaths === 2 && pool.status.ready === 2);
      expect(loadedIn('small')).toBe(0);
    });

    it('wait for their turn while requests run, process by process', async () => {
      await open({ processes: 2 });
      const running = [ask({ sleepMs: 500 }), ask({ sleepMs: 500 })];
      const loading = pool.load('small', patience);
      expect(loadedIn('small')).toBe(0);
      await Promise.all([...running, loading]);
      expect(loadedIn('small')).toBe(2);
    });

    it('keep their own deadline and obey a signal, and leave the process to others', async () => {
      await open();
      const running = ask({ waitFor: 'go' });
      await expect(pool.load('small', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await expect(pool.load('small', { timeoutMs: 1_000, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
      await double.letGo('go');
      await running;
      await ask({});
    });

    it('are bounded in number', async () => {
      await open();
      const running = ask({ sleepMs: 300 });
      const loads = Array.from({ length: 20 }, () =>
        pool.load('small', patience).then(
          () => 'done',
          (error: { code: string }) => error.code,
        ),
      );
      const outcomes = await Promise.all(loads);
      expect(outcomes.filter((outcome) => outcome === 'overloaded')).toHaveLength(4);
      expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(16);
      await running;
    });

    it('say that there is no such model', async () => {
      await open();
      for (const name of ['nothing', '__proto__', 'constructor'])
        await expect(pool.unload(name, patience)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('that end their process are refused after the second time, and others are served', async () => {
      await open();
      await expect(pool.load('deadly', patience)).rejects.toMatchObject({
        code: 'model_error',
        message: expect.stringContaining('ended its process twice'),
      });
      expect(pool.status).toMatchObject({ deaths: 2, refusedModels: ['deadly@1'] });
      await until(() => pool.status.ready === 1);
      await ask({});
      expect(pool.status.deaths).toBe(2);
    });

    it('that a request wants and that end their process are refused, whatever picture comes next', async () => {
      await open({ processes: 2 });
      await expect(ask({ load: 'deadly', picture: 1 })).rejects.toMatchObject({ code: 'model_error' });
      await until(() => pool.status.ready === 2);
      expect(pool.status).toMatchObject({ deaths: 2, refusedModels: ['deadly@1'] });
    });

    it('may block their process for longer than a hang', async () => {
      await double.letGo('very-slow');
      await open({ hangMs: 3_000 });
      await pool.load('slow', patience);
      expect(await double.echo({})).toMatchObject({ models: ['slow'] });
      expect(pool.status.deaths).toBe(0);
    });

    it('are looked for again in every process', async () => {
      await open({ processes: 2 });
      await writeFile(path.join(double.directory, 'new'), 'small');
      await pool.rescan(patience);
      expect(loadedIn('small')).toBe(2);
    });
  });

  describe('memory', () => {
    it('that a process keeps after an unload comes back with a new process, while requests are served all the time', async () => {
      await open();
      const [before] = pool.pids;
      await pool.load('small', patience);
      await ask({ keepMiB: 200 });
      await until(() => pool.status.residentBytes > 200 * 1024 ** 2);
      await pool.load('slow', patience);
      await pool.unload('slow', patience);
      const readySeen = new Set<number>();
      await until(async () => {
        readySeen.add(pool.status.ready);
        await ask({});
        return pool.status.replaced === 1 && pool.pids.length === 1;
      });
      expect(readySeen).toEqual(new Set([1]));
      expect(pool.pids).not.toContain(before);
      expect(pool.status).toMatchObject({ deaths: 0, processes: 1 });
      await until(() => pool.status.residentBytes > 0);
      expect(pool.status.residentBytes).toBeLessThan(200 * 1024 ** 2);
      // What was loaded by command is there again.
      expect(await double.echo({})).toMatchObject({ models: ['small'] });
    });

    it('comes back without a word to who loads a model in the process that leaves; the new one has the model as well', async () => {
      await open();
      await ask({ keepMiB: 200 });
      await pool.load('small', patience);
      await pool.unload('small', patience);
      // The new one may be in its place before this has seen that it came.
      await until(() => pool.pids.length === 2 || pool.status.replaced === 1);
      await pool.load('slow', patience);
      await until(() => pool.status.replaced === 1 && pool.pids.length === 1);
      expect(await double.echo({})).toMatchObject({ models: ['slow'] });
      expect(pool.status.deaths).toBe(0);
    });

    it('that a process keeps without having unloaded anything is its own', async () => {
      await open();
      await ask({ keepMiB: 200 });
      const pulses = pool.status.engineProcesses[0]!.residentBytes;
      expect(pulses).toBeDefined();
      for (let i = 0; i < 20; i++) await ask({ sleepMs: 100 });
      expect(pool.status).toMatchObject({ replaced: 0, ready: 1 });
    });
  });
});
