import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { until } from '@nightjar/testing';
import { blackPixel } from '../sample-frames.fixture.js';
import { StreamClient } from './stream-client.fixture.js';

// What `tsc -b` built, as operators run it.
const main = fileURLToPath(new URL('../../../../dist/main.js', import.meta.url));

it('an adapter that is told to stop says so to its streams and leaves at once', async () => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-streams-'));
  const settings = { NIGHTJAR_DATA_DIR: dataDir, NIGHTJAR_ENGINE_PROCESSES: '1', ADAPTER_PORT: '0', ADAPTER_ROOT_SURFACE: 'contract' };
  const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH, ...settings }, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = () => /"url":"(http:[^"]+)"/.exec(output)?.[1];
  await until(() => url() !== undefined);
  await until(async () => (await fetch(`${url()}/readyz`)).ok);

  const client = await StreamClient.start(`${url()}/infer/stream`);
  client.sendFrame(1, blackPixel);
  await client.resultsOf(1);
  child.kill('SIGTERM');
  expect(await client.end()).toEqual({ code: 1001, reason: 'the adapter is shutting down' });
  expect(client.messages.at(-1)).toEqual({ type: 'close', reason: 'the adapter is shutting down', close_code: 1001 });
  expect(await exited).toEqual([0, null]);
  await rm(dataDir, { recursive: true, force: true });
});
