import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { samplePictures, until } from '@nightjar/testing';
import { dropTinyModel } from './tasks/dropped-folders.fixture.js';

// What `tsc -b` built, as operators run it.
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describe('the adapter as a process', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-adapter-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  /** Runs main.js with these settings and nothing else of Nightjar's from the environment. */
  const run = (settings: Record<string, string>) => {
    const child: ChildProcess = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH, NIGHTJAR_DATA_DIR: dataDir, NIGHTJAR_ENGINE_PROCESSES: '1', ADAPTER_PORT: '0', ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout!.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    return { child, output, exited: once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]> };
  };
  const urlIn = (stdout: string) => /"url":"(http:[^"]+)"/.exec(stdout)?.[1];

  it('serves with neither NATS nor Postgres, and leaves nothing behind when it stops', async () => {
    const { child, output, exited } = run({});
    await until(() => urlIn(output.stdout) !== undefined);
    const url = urlIn(output.stdout)!;
    await until(async () => (await fetch(`${url}/readyz`)).ok);

    const form = new FormData();
    form.set('task', 'person_counting');
    form.set('file', new Blob([Uint8Array.from(await readFile(samplePictures[0]!))]), 'picture.jpg');
    const response = await fetch(`${url}/infer`, { method: 'POST', body: form });
    expect(response.status).toBe(200);
    expect(((await response.json()) as { count: number }).count).toBeGreaterThanOrEqual(2);

    const children = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => ''))
      .trim()
      .split(/\s+/)
      .filter(Boolean);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(children.map(Number).filter(isAlive)).toEqual([]);
  });

  it('offers a task as soon as a model for it lies in the folder, and no longer when it is gone', async () => {
    const modelsDir = path.join(dataDir, 'models');
    const { child, output, exited } = run({ NIGHTJAR_ADAPTER_PRELOAD: 'nanodet' });
    await until(() => urlIn(output.stdout) !== undefined);
    const url = urlIn(output.stdout)!;
    const offers = async (task: string) =>
      ((await (await fetch(`${url}/capabilities`)).json()) as { tasks: string[] }).tasks.includes(task);
    await until(() => offers('person_counting'));
    expect(await offers('image_embedding')).toBe(false);
    await dropTinyModel(modelsDir, { name: 'colour-vector', decoder: 'embedding' });
    await until(() => offers('image_embedding'));
    await rm(modelsDir, { recursive: true });
    await until(async () => !(await offers('image_embedding')));
    expect(await offers('person_counting')).toBe(true);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  it.each([
    ['open to the network without a key', { ADAPTER_HOST: '0.0.0.0' }, 'REQUIRE_AUTH=true'],
    ['with a setting that nobody knows', { NIGHTJAR_TYPO: '1' }, 'unknown setting NIGHTJAR_TYPO'],
    ['with a model that there is not', { NIGHTJAR_ADAPTER_PRELOAD: 'no-such-model' }, 'there is no model "no-such-model"'],
  ])('does not start %s, and says why in one line', async (_what, settings, reason) => {
    const { output, exited } = run({ NIGHTJAR_LOG_LEVEL: 'silent', ...settings });
    expect(await exited).toEqual([1, null]);
    expect(output.stderr).toContain(reason);
    expect(output.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('does not start on a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { output, exited } = run({ NIGHTJAR_LOG_LEVEL: 'silent', ADAPTER_PORT: String(port) });
    expect(await exited).toEqual([1, null]);
    expect(output.stderr).toContain(`port ${port} is taken`);
    server.close();
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
