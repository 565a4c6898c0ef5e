import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { adapterCapacity } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { until } from '@nightjar/testing';

/** What `tsc -b` built of the adapter: apps know each other by the bus only. */
const main = fileURLToPath(new URL('../../../adapter/dist/main.js', import.meta.url));

/** An adapter with the models that come with it, as a process of its own. */
export interface AdapterProcess {
  stop(): Promise<void>;
}

/** It loads its models, on a machine that does much beside. */
const startMs = 150_000;

/** Starts one on the bus and waits until it takes work. @param bus the test's own connection */
export async function startAdapterProcess(natsUrl: string, bus: Bus): Promise<AdapterProcess> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-adapter-'));
  const env = {
    NATS_URL: natsUrl,
    ADAPTER_PORT: '0',
    NIGHTJAR_DATA_DIR: directory,
    NIGHTJAR_ENGINE_PROCESSES: '1',
  };
  let takesWork = false;
  bus.on(adapterCapacity, () => void (takesWork = true));
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  await until(() => takesWork, startMs);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
