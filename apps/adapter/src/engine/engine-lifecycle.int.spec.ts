import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { DoublePool } from './double-pool.fixture.js';
import type { EnginePool, EnginePoolOptions, EngineRequest } from './engine-pool.js';

describe('The life of engine processes', () => {
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
  /** Short enough to wait for, longer than a loaded machine makes a process pause. */
  const hangMs = 4_000;

  describe('requests in flight', () => {
    it('gives a process as many at a time as it is told, and each process as many as the others', async () => {
      await open({ processes: 2, runsAtOnce: 3 });
      const answers = Promise.all(Array.from({ length: 6 }, () => double.echo({ together: 3 })));
      expect(pool.status).toMatchObject({ slots: 6, busy: 2, running: 6, queued: 0 });
      expect(pool.status.engineProcesses.map(({ runs }) => runs)).toEqual([3, 3]);
      expect((await answers).map(({ mostAtOnce }) => mostAtOnce)).toEqual([3, 3, 3, 3, 3, 3]);
    });

    it('gives it one at a time unless told otherwise', async () => {
      await open();
      const answers = await Promise.all(Array.from({ length: 4 }, () => double.echo({ sleepMs: 20 })));
      expect(answers.every(({ mostAtOnce }) => mostAtOnce === 1)).toBe(true);
    });

    it('tells how long a request waited, and how long it ran', async () => {
      await open();
      const [first, second] = await Promise.all([ask({ sleepMs: 300 }), ask({ sleepMs: 1 })]);
      // Both were asked in one moment: what the first one took is what the second one waited.
      expect(first.ranMs).toBeGreaterThan(250);
      expect(second.waitedMs).toBeGreaterThan(200);
      expect(second.waitedMs).toBeGreaterThan(first.waitedMs);
    });

    it('gives engine processes no setting and no credential', async () => {
      process.env['API_KEY'] = 'secret';
      try {
        await open();
      } finally {
        delete process.env['API_KEY'];
      }
      const { environment } = await double.echo({});
      expect(environment).toContain('PATH');
      expect(environment).not.toContain('API_KEY');
    });
  });

  describe('a request that ends its process', () => {
    it('is run again alone, so that the innocent beside it are answered and it is refused', async () => {
      await open({ runsAtOnce: 8 });
      const innocent = Array.from({ length: 6 }, (_, id) => double.echo({ waitFor: 'go', id }));
      const guilty = ask({ exit: 3 });
      const refused = expect(guilty).rejects.toMatchObject({ code: 'model_error' });
      await until(() => pool.status.deaths === 1);
      await double.letGo('go');
      await refused;
      const answers = await Promise.all(innocent);
      // Each ran with nothing beside it.
      expect(answers.map(({ mostAtOnce }) => mostAtOnce)).toEqual([1, 1, 1, 1, 1, 1]);
      expect(pool.status).toMatchObject({ deaths: 2, quarantined: 1 });
      await expect(ask({ exit: 3 })).rejects.toMatchObject({ code: 'model_error' });
      expect(pool.status.deaths).toBe(2);
    });

    it('is not run here at all more than once when another adapter had begun it', async () => {
      await open({ runsAtOnce: 4 });
      const neighbour = ask({ sleepMs: 300 });
      await expect(ask({ abort: true }, { earlierRuns: 1 })).rejects.toMatchObject({ code: 'model_error' });
      await neighbour;
      expect(pool.status).toMatchObject({ deaths: 1, quarantined: 1 });
    });

    it('keeps nobody waiting in other processes', async () => {
      await open({ processes: 2, runsAtOnce: 2 });
      const held = ask({ sleepMs: 1_500 });
      await expect(ask({ exit: 1 })).rejects.toMatchObject({ code: 'model_error' });
      expect((await Promise.all(Array.from({ length: 6 }, () => ask({})))).length).toBe(6);
      await held;
    });
  });

  describe('the reason of an end', () => {
    const lastExit = () => pool.status.engineProcesses[0]?.lastExit;

    it.each([
      ['crashed', { exit: 3 }, { code: 3, signal: null }],
      ['crashed', { abort: true }, { signal: 'SIGABRT' }],
      [
        'out of memory',
        { abort: true, lastWords: "terminate called after throwing an instance of 'std::bad_alloc'\n" },
        { signal: 'SIGABRT' },
      ],
    ])('is %s, with code and signal: %j', async (reason, script, exit) => {
      await open();
      await expect(ask(script)).rejects.toMatchObject({ code: 'model_error' });
      expect(lastExit()).toMatchObject({ reason, ...exit });
      expect(pool.status.engineProcesses).toMatchObject([{ restarts: 2 }]);
      await until(() => pool.status.ready === 1);
      expect(pool.status.engineProcesses[0]!.sinceUnixMs).toBeGreaterThanOrEqual(lastExit()!.atUnixMs);
    });

    it('is killed when somebody else did it', async () => {
      await open();
      process.kill(pool.pids[0]!, 'SIGKILL');
      await until(() => lastExit() !== undefined);
      expect(lastExit()).toMatchObject({ reason: 'killed', signal: 'SIGKILL' });
    });

    it('is hung when it was silent, even if it had nothing to do', async () => {
      await open({ hangMs });
      process.kill(pool.pids[0]!, 'SIGSTOP');
      await until(() => lastExit() !== undefined);
      expect(lastExit()).toMatchObject({ reason: 'hung' });
      await until(() => pool.status.ready === 1);
      await ask({});
    });
  });

  describe('deadlines and callers that leave', () => {
    it('ends a process in which a request overstays its deadline, however lively it is, and runs the others again', async () => {
      await open({ runsAtOnce: 2, hangMs });
      // Deaf to its cancellation, as native code is.
      const overstaying = ask({ sleepMs: 60_000 }, { timeoutMs: 300 });
      const other = ask({ waitFor: 'go' });
      await expect(overstaying).rejects.toMatchObject({ code: 'deadline_exceeded' });
      await until(() => pool.status.deaths === 1);
      expect(pool.status.engineProcesses[0]!.lastExit).toMatchObject({ reason: 'hung' });
      await double.letGo('go');
      await other;
      expect(pool.status).toMatchObject({ deaths: 1, quarantined: 0 });
    });

    it('refuses a picture that made a process hang twice, though nobody waited for the answer', async () => {
      await open({ hangMs });
      const hang = { sleepMs: 60_000, name: 'hang' };
      for (const deaths of [1, 2]) {
        await expect(ask(hang, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
        await until(() => pool.status.deaths === deaths && pool.status.ready === 1);
      }
      await expect(ask(hang)).rejects.toMatchObject({ code: 'model_error' });
      expect(pool.status.quarantined).toBe(1);
    });

    it('tells the process when the caller of a running request leaves, and drops its result', async () => {
      await open();
      const controller = new AbortController();
      const running = ask({ never: true }, { signal: controller.signal });
      const waiting = ask({}, { turn: 'camera_1' });
      expect(pool.status).toMatchObject({ running: 1, queued: 1 });
      controller.abort();
      await expect(running).rejects.toMatchObject({ code: 'cancelled' });
      // Without the word it would have gone on for ever.
      await waiting;
      expect(pool.status).toMatchObject({ running: 0, deaths: 0 });
    });

    it('lets a request that is abandoned while it waits leave the queue at once', async () => {
      await open();
      const running = ask({ waitFor: 'go' });
      const controller = new AbortController();
      const waiting = ask({}, { signal: controller.signal, turn: 'camera_1' });
      const late = ask({}, { timeoutMs: 50, turn: 'camera_2' });
      expect(pool.status.queued).toBe(2);
      controller.abort();
      expect(pool.status.queued).toBe(1);
      await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
      await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
      expect(pool.status.queued).toBe(0);
      await double.letGo('go');
      await running;
    });

    it('does not begin a request whose caller has left already', async () => {
      await open();
      await expect(ask({ exit: 1 }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' });
      expect(pool.status).toMatchObject({ running: 0, queued: 0, deaths: 0 });
    });
  });

  describe('admission', () => {
    it('answers a flood of one caller with overloaded and a time to come back, while every other camera is served', async () => {
      await open({ queueCapacity: 16 });
      const flood = Array.from({ length: 200 }, () =>
        ask({ sleepMs: 5 }, { turn: 'flood' }).then(
          () => 'served',
          (error: Error) => error,
        ),
      );
      const cameras = Array.from({ length: 8 }, (_, i) => ask({}, { turn: `camera_${i}` }));
      expect((await Promise.all(cameras)).length).toBe(8);
      const refused = (await Promise.all(flood)).filter((answer) => answer instanceof Error);
      expect(refused.length).toBeGreaterThan(150);
      for (const error of refused) expect(error).toMatchObject({ code: 'overloaded', retryAfterMs: expect.any(Number) });
    });

    it('serves batch work while live work floods, and live work while batch work floods', async () => {
      await open({ queueCapacity: 16 });
      for (const [flooding, other] of [
        ['live', 'batch'],
        ['batch', 'live'],
      ] as const) {
        const flood = Array.from({ length: 60 }, (_, i) => ask({ sleepMs: 2 }, { lane: flooding, turn: `${i}` }).catch(() => undefined));
        await Promise.all(Array.from({ length: 2 }, (_, i) => ask({}, { lane: other, turn: `${i}` })));
        await Promise.all(flood);
      }
    });
  });
});
