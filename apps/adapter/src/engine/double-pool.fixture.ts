import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger, systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { EnginePool, type EnginePoolOptions, type EngineRequest, type PoolResult } from './engine-pool.js';

/** What an engine process of jest/engine-double.mjs answers. */
interface Echo {
  readonly pid: number;
  readonly mostAtOnce: number;
  readonly models: readonly string[];
  readonly environment: readonly string[];
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A pool whose engine processes do what the "picture" tells them: jest/engine-double.mjs. */
export class DoublePool {
  private opened: EnginePool | undefined;

  private constructor(readonly directory: string) {}

  static async make(): Promise<DoublePool> {
    return new DoublePool(await mkdtemp(path.join(os.tmpdir(), 'nightjar-engine-')));
  }

  get pool(): EnginePool {
    if (!this.opened) throw new Error('the pool was not created');
    return this.opened;
  }

  create(overrides: Partial<EnginePoolOptions> = {}): EnginePool {
    this.opened = new EnginePool({
      entry: new URL('../../jest/engine-double.mjs', import.meta.url),
      processes: 1,
      // Often, so that a test need not wait for what is seen in a pulse; hung is only who is silent for much longer than a loaded machine pauses.
      settings: { modelCacheDir: this.directory, modelsDir: this.directory, preload: [], logLevel: 'silent', pulseEveryMs: 100 },
      queueCapacity: 32,
      hangMs: 60_000,
      startTimeoutMs: 60_000,
      clock: systemClock,
      logger: createLogger({ service: 'test', level: 'silent' }),
      ...overrides,
    });
    return this.opened;
  }

  async open(overrides: Partial<EnginePoolOptions> = {}): Promise<EnginePool> {
    const pool = this.create(overrides);
    await pool.start(AbortSignal.timeout(120_000));
    return pool;
  }

  ask(script: object, overrides: Partial<EngineRequest> = {}): Promise<PoolResult> {
    return this.pool.run({
      work: { steps: [], pictures: [Buffer.from(JSON.stringify(script))] },
      lane: 'live',
      turn: 'camera_0',
      timeoutMs: 60_000,
      ...overrides,
    });
  }

  async echo(script: object, overrides: Partial<EngineRequest> = {}): Promise<Echo> {
    const [step] = (await this.ask(script, overrides)).steps;
    if (!step?.ok) throw new Error('the double always answers');
    return step.result as unknown as Echo;
  }

  /** Lets those answer that `waitFor` this. */
  async letGo(name: string): Promise<void> {
    await writeFile(path.join(this.directory, name), '');
  }

  /** Ends everything, whatever state it is in. */
  async close(): Promise<void> {
    const pids = this.opened?.pids ?? [];
    for (const pid of pids) process.kill(pid, 'SIGCONT');
    await this.opened?.stop(AbortSignal.timeout(2_000));
    await until(() => !pids.some(isAlive));
    await rm(this.directory, { recursive: true, force: true });
  }
}
