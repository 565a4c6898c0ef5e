import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isProcessAlive, waitUntilGone } from '@nightjar/embedded';
import { until } from '@nightjar/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogFile } from './log-file.js';
import { startServiceProcess } from './service-process.js';
import type { RunningPart } from './supervisor.js';

describe('a service process', () => {
  let directory: string;
  let log: LogFile;
  const running: RunningPart[] = [];
  const start = async (script: string): Promise<RunningPart> => {
    const entry = path.join(directory, 'service.mjs');
    await writeFile(entry, script);
    const part = await startServiceProcess({ name: 'service', entry, environment: { PATH: '/usr/bin:/bin', NIGHTJAR_MARK: 'here' }, log });
    running.push(part);
    return part;
  };
  const logged = () => readFile(path.join(directory, 'service.log'), 'utf8').catch(() => '');

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-service-'));
    log = new LogFile(path.join(directory, 'service.log'));
  });
  afterEach(async () => {
    for (const part of running.splice(0)) part.kill();
    await log.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('gets its environment and no more, and what it says is kept', async () => {
    const part = await start(`console.log(JSON.stringify(process.env)); console.error('warned'); setTimeout(() => process.exit(0), 50)`);
    expect(await part.exited).toBe('ended with exit code 0: warned');
    // The disk has it a moment later, and the two in any order.
    await until(async () => /^\{.*\}$/m.test(await logged()));
    const environment = JSON.parse(/^\{.*\}$/m.exec(await logged())?.[0] ?? '{}') as object;
    expect(environment).toMatchObject({ NIGHTJAR_MARK: 'here' });
    expect(Object.keys(environment)).not.toContain('HOME');
  });

  it('tells why it ended by its own line', async () => {
    const part = await start(`console.error('nightjar service: port 1 is taken'); console.error('    at somewhere'); process.exit(1)`);
    expect(await part.exited).toBe('ended with exit code 1: nightjar service: port 1 is taken');
  });

  it('is asked to end, and ended when it does not', async () => {
    const polite = await start(
      `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); setInterval(() => {}, 1000); console.log('up')`,
    );
    await until(async () => (await logged()).includes('up'));
    await polite.stop();
    await until(async () => (await logged()).includes('bye'));
  });

  it('leaves nobody of its group behind, however it ends', async () => {
    const part = await start(`
      import { spawn } from 'node:child_process';
      console.log(spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }).pid);
      setInterval(() => {}, 1000)`);
    await until(async () => /\d+\n/.test(await logged()));
    const grandchild = Number(await logged());
    expect(isProcessAlive(grandchild)).toBe(true);
    process.kill(part.pid, 'SIGKILL');
    expect(await part.exited).toBe('was ended by SIGKILL');
    expect(await waitUntilGone(grandchild, 60_000)).toBe(true);
  });

  it('learns that the launcher was killed', async () => {
    const entry = path.join(directory, 'service.mjs');
    await writeFile(entry, `process.once('disconnect', () => process.exit(0)); setInterval(() => {}, 1000); console.log('up')`);
    const built = (file: string) => JSON.stringify(new URL(`../../dist/supervision/${file}.js`, import.meta.url).href);
    const script = `
      const { startServiceProcess } = await import(${built('service-process')});
      const { LogFile } = await import(${built('log-file')});
      const log = new LogFile(${JSON.stringify(path.join(directory, 'launcher.log'))});
      console.log((await startServiceProcess({ name: 'service', entry: ${JSON.stringify(entry)}, environment: {}, log })).pid);`;
    const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => launcher.stdout.once('data', (bytes: Buffer) => resolve(Number(bytes.toString()))));
    const said = () => readFile(path.join(directory, 'launcher.log'), 'utf8').catch(() => '');
    await until(async () => (await said()).includes('up'));
    launcher.kill('SIGKILL');
    expect(await waitUntilGone(pid, 60_000)).toBe(true);
  });
});

describe('a log file', () => {
  it('is turned over at 10 MiB, the one before is kept', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-log-'));
    const file = path.join(directory, 'service.log');
    const log = new LogFile(file);
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    for (let written = 0; written < 11; written += 1) {
      log.write(megabyte);
      // What a slow disk has not taken makes it drop lines.
      const bytes = ((written % 10) + 1) * megabyte.length;
      await until(() =>
        stat(file).then(
          ({ size }) => size === bytes,
          () => false,
        ),
      );
    }
    await log.close();
    expect((await stat(`${file}.1`)).size).toBe(10 * 1024 * 1024);
    expect((await stat(file)).size).toBe(1024 * 1024);
    await rm(directory, { recursive: true });
  });
});
