import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, systemClock } from '@nightjar/runtime';
import { samplePictures, until } from '@nightjar/testing';
import { chooseProviders } from '../backends/onnx/execution-providers.js';
import { usedBytesOf } from './device-memory.js';
import { EnginePool } from './engine-pool.js';
import { estimateMemoryBytes } from './model-residency.js';

const mebibyte = 1024 ** 2;
const patience = { timeoutMs: 60_000 };
const [absent] = (await chooseProviders(['cuda'])).missing;
if (absent) process.stdout.write(`NO GPU HERE: the GPU specs check nothing on this machine (${absent.provider}: ${absent.reason})\n`);

async function ask(...query: string[]): Promise<string> {
  return (await promisify(execFile)('nvidia-smi', [...query, '--format=csv,noheader,nounits'])).stdout;
}

/** What all processes hold on all GPUs: the machine is taken to be this spec's alone. */
async function usedOnDevices(): Promise<number> {
  const lines = (await ask('--query-gpu=memory.used')).trim().split('\n');
  return lines.reduce((sum, line) => sum + Number(line) * mebibyte, 0);
}

/** Real models in a real engine process on a real GPU, where one is. */
describe('the memory of a GPU', () => {
  let modelCacheDir: string;
  let photo: Buffer;
  let pool: EnginePool | undefined;

  beforeAll(async () => {
    modelCacheDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-vram-'));
    photo = await readFile(samplePictures[0]!);
  });
  afterEach(async () => {
    await pool?.stop(AbortSignal.timeout(5_000));
    pool = undefined;
  });
  afterAll(() => rm(modelCacheDir, { recursive: true, force: true }));

  const open = async (vramBudgetBytes: number): Promise<EnginePool> => {
    pool = new EnginePool({
      entry: new URL('../../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir, preload: [], logLevel: 'silent', providers: ['cuda'] },
      vramBudgetBytes,
      queueCapacity: 16,
      hangMs: 60_000,
      startTimeoutMs: 90_000,
      clock: systemClock,
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
    await pool.start(AbortSignal.timeout(90_000));
    return pool;
  };
  const detect = (on: EnginePool, model: string) => {
    const work = { steps: [{ task: 'detect_objects' as const, options: { model } }], pictures: [photo] };
    return on.run({ work, lane: 'live', turn: 'camera_0', timeoutMs: 60_000 });
  };
  const loadedOf = (of: EnginePool) => of.status.models.filter(({ loaded }) => loaded).map(({ name }) => name);

  it('comes back when a model is unloaded, and a budget for one model holds one', async () => {
    if (absent) return;
    const emptyBytes = await usedOnDevices();
    const unbounded = await open(0);
    await detect(unbounded, 'nanodet');
    const oneBytes = (await usedOnDevices()) - emptyBytes;
    await detect(unbounded, 'centernet');
    const bothBytes = (await usedOnDevices()) - emptyBytes;
    await unbounded.unload('centernet', patience);
    const leftBytes = (await usedOnDevices()) - emptyBytes;
    const [pid] = unbounded.pids;
    const told = usedBytesOf(pid!, await ask('--query-compute-apps=pid,used_memory'));
    // eslint-disable-next-line no-console -- a measurement that somebody wants to read
    console.log(
      `MiB on the GPU: nanodet ${oneBytes / mebibyte}, and centernet ${bothBytes / mebibyte}, without it again ${leftBytes / mebibyte}; ` +
        `nvidia-smi tells ${told / mebibyte} of the process`,
    );
    expect(bothBytes).toBeGreaterThan(oneBytes);
    // Most of what the second took; what the runtime keeps for itself goes with the process.
    expect(leftBytes - oneBytes).toBeLessThan((bothBytes - oneBytes) / 2);
    const sizes = unbounded.status.models
      .filter(({ name }) => name === 'nanodet' || name === 'centernet')
      .map(({ sizeBytes }) => sizeBytes);
    await unbounded.stop(AbortSignal.timeout(5_000));
    await until(async () => (await usedOnDevices()) - emptyBytes < oneBytes / 2);

    // Where the tool knows no processes, models count by their files.
    const estimateBytes = sizes.reduce((sum, sizeBytes) => sum + estimateMemoryBytes(sizeBytes), 0);
    const budgetBytes = told > 0 ? (oneBytes + bothBytes) / 2 : estimateBytes - mebibyte;
    const bounded = await open(budgetBytes);
    for (const model of ['nanodet', 'centernet', 'nanodet', 'centernet']) {
      await detect(bounded, model);
      await until(() => loadedOf(bounded).join() === model);
      expect((await usedOnDevices()) - emptyBytes).toBeLessThan((oneBytes + bothBytes) / 2);
    }
    expect(bounded.status.deaths).toBe(0);
    await bounded.stop(AbortSignal.timeout(5_000));
    await until(async () => (await usedOnDevices()) - emptyBytes < oneBytes / 2);
  }, 120_000);
});
