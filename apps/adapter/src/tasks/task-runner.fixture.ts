import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger, FakeClock, systemClock } from '@nightjar/runtime';
import { EnginePool } from '../engine/engine-pool.js';
import type { EngineSettings } from '../engine/protocol.js';
import { FaceRegistry } from '../faces/face-registry.js';
import { LocalFaceStore } from '../faces/local-face-store.js';
import { builtinTasks } from './builtin-tasks.js';
import { TaskCatalogue } from './task-catalogue.js';
import { TaskRunner, type TaskOutcome, type TaskSuccess } from './task-runner.js';

const logger = createLogger({ service: 'test', level: 'silent' });

/** Every built-in task on one real engine process. Its dist must be built. */
export class TaskRunnerFixture {
  private constructor(
    readonly pool: EnginePool,
    readonly catalogue: TaskCatalogue,
    /** Time of what tasks remember; engine processes have their own. */
    readonly clock: FakeClock,
    readonly faces: FaceRegistry,
    private readonly directory: string,
  ) {}

  static async start(settings: Partial<EngineSettings> = {}, { hangMs = 60_000 } = {}): Promise<TaskRunnerFixture> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-tasks-'));
    const pool = new EnginePool({
      entry: new URL('../../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir: path.join(directory, 'models'), preload: [], logLevel: 'silent', ...settings },
      queueCapacity: 16,
      hangMs,
      startTimeoutMs: 120_000,
      clock: systemClock,
      logger,
    });
    await pool.start(AbortSignal.timeout(150_000));
    const clock = new FakeClock();
    const faces = new FaceRegistry(new LocalFaceStore({ file: path.join(directory, 'faces.bin'), clock }));
    await faces.start();
    return new TaskRunnerFixture(pool, new TaskCatalogue(pool, builtinTasks({ clock, faces })), clock, faces, directory);
  }

  /** Runs a task on pictures: one is the frame. @throws AppError */
  async run(name: string, pictures: Uint8Array | Record<string, Uint8Array>, data: Record<string, unknown> = {}): Promise<TaskSuccess> {
    const { outcomes } = await this.runAll([name], pictures, data);
    const [outcome] = outcomes;
    if (!outcome?.ok) throw outcome?.error ?? new Error('no outcome');
    return outcome;
  }

  /** Runs tasks in order on the same pictures. `data.session` names the session. */
  runAll(
    names: readonly string[],
    pictures: Uint8Array | Record<string, Uint8Array>,
    data: Record<string, unknown> = {},
  ): Promise<{ outcomes: TaskOutcome[]; decodes: number }> {
    return new TaskRunner(this.pool).run({
      tasks: names.map((name) => this.catalogue.require(name)),
      data,
      pictures: new Map(Object.entries(pictures instanceof Uint8Array ? { frame: pictures } : pictures)),
      session: typeof data.session === 'string' ? data.session : undefined,
      turn: 'test',
      lane: 'live',
      timeoutMs: 60_000,
      caller: new AbortController(),
    });
  }

  async close(): Promise<void> {
    await this.faces.stop();
    await this.pool.stop(AbortSignal.timeout(5_000));
    await rm(this.directory, { recursive: true, force: true });
  }
}
