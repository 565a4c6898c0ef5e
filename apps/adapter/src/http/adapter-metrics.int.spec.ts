import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, sleep, systemClock } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import { EnginePool } from '../engine/engine-pool.js';
import { TaskCatalogue } from '../tasks/task-catalogue.js';
import { AdapterMetrics } from './adapter-metrics.js';
import { SystemHardware } from './system-hardware.js';

const blockedMs = 300;

describe('AdapterMetrics', () => {
  let pool: EnginePool;
  beforeEach(() => {
    pool = new EnginePool({
      entry: new URL('../../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir: 'unused', preload: [], logLevel: 'silent' },
      queueCapacity: 1,
      hangMs: 1_000,
      startTimeoutMs: 1_000,
      clock: systemClock,
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
  });
  afterEach(() => pool.stop(AbortSignal.timeout(1_000)));

  it('tells how late the event loop was since the last scrape', async () => {
    const metrics = new AdapterMetrics({ pool, catalogue: new TaskCatalogue(pool, []), hardware: new SystemHardware() });
    const worstMs = async () => {
      const text = await metrics.render();
      return Number(/^adapter_event_loop_delay_seconds\{quantile="1"\} (\S+)$/m.exec(text)?.[1]) * 1_000;
    };
    await sleep(250);
    const endMs = performance.now() + blockedMs;
    while (performance.now() < endMs);
    await sleep(250);
    expect(await worstMs()).toBeGreaterThan(blockedMs / 2);
    // It is told once. A loaded machine may be late again in between, though not each time.
    await until(async () => (await worstMs()) < blockedMs / 2);
  });
});
