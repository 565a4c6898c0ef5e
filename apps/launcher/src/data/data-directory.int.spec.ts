import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claimPorts } from '../parts/claim-ports.js';
import { readLauncherConfig } from '../config.js';
import { ensureCredentials } from './credentials.js';
import { prepareDataDirectory } from './data-directory.js';
import { lockDataDirectory } from './instance-lock.js';

describe('the data directory', () => {
  let dataDir: string;
  let other: ChildProcess | undefined;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'nightjar-data-'));
  });
  afterEach(async () => {
    other?.kill('SIGKILL');
    other = undefined;
    await rm(dataDir, { recursive: true, force: true });
  });

  /** A live process whose command line looks like a launcher's. */
  const startOther = async (name: string): Promise<number> => {
    other = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)', name], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => other?.stdout?.once('data', resolve));
    if (other.pid === undefined) throw new Error('no process');
    return other.pid;
  };

  it('is made where there is none, closed to strangers', async () => {
    const fresh = path.join(dataDir, 'deep/er');
    await prepareDataDirectory(fresh);
    expect((await stat(fresh)).mode & 0o066).toBe(0);
  });

  it('is refused when it is a file, or lies below one', async () => {
    const file = path.join(dataDir, 'file');
    await writeFile(file, '');
    await expect(prepareDataDirectory(file)).rejects.toThrow(/NIGHTJAR_DATA_DIR is .*no directory/);
    await expect(prepareDataDirectory(path.join(file, 'below'))).rejects.toThrow(/below a file/);
  });

  it('belongs to one launcher at a time', async () => {
    const pid = await startOther('launcher');
    await writeFile(path.join(dataDir, 'launcher.lock'), `${pid}\n`);
    await expect(lockDataDirectory(dataDir)).rejects.toThrow(`already runs on ${dataDir} (process ${pid})`);
    const lock = await lockDataDirectory(await mkdtemp(path.join(dataDir, 'other-')));
    await lock.release();
  });

  it.each([
    ['that is gone', async () => 2 ** 22 - 1],
    ['whose number another program has by now', () => startOther('something-else')],
  ])('is free again after a launcher %s', async (_case, findPid) => {
    await writeFile(path.join(dataDir, 'launcher.lock'), `${await findPid()}\n`);
    const lock = await lockDataDirectory(dataDir);
    expect(await readFile(path.join(dataDir, 'launcher.lock'), 'utf8')).toBe(`${process.pid}\n`);
    await lock.release();
    await (await lockDataDirectory(dataDir)).release();
  });

  it('keeps the credentials of the first start, for their owner only; of those that are given later, the key counts', async () => {
    const first = await ensureCredentials(dataDir, { adminPassword: 'given-password' });
    expect([first.areNew, first.credentials.adminPassword]).toEqual([true, 'given-password']);
    const apiKey = 'another-key-1234567';
    expect(await ensureCredentials(dataDir, { adminPassword: 'another-password', apiKey })).toMatchObject({ areNew: false });
    const third = await ensureCredentials(dataDir, {});
    expect(third.credentials).toEqual({ ...first.credentials, apiKey });
    expect((await stat(first.file)).mode & 0o777).toBe(0o600);
  });

  it('says so when the credentials are damaged, and does not replace them', async () => {
    const { file } = await ensureCredentials(dataDir, {});
    await writeFile(file, '{"adminPassword":');
    await expect(ensureCredentials(dataDir, {})).rejects.toThrow(/credentials\.json is damaged: restore it/);
    expect(await readFile(file, 'utf8')).toBe('{"adminPassword":');
    await chmod(file, 0o600);
  });
});

describe('the ports', () => {
  let server: Server;
  let taken: number;
  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    taken = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));
  const free = { NVR_PORT: '0', GATEWAY_PORT: '0', AGENT_PORT: '0', ADAPTER_PORT: '0' };
  const claim = (environment: Record<string, string>) => claimPorts(readLauncherConfig({ ...free, ...environment }, '/nowhere').listen);

  it('are free ones of their own where 0 is set', async () => {
    const ports = Object.values(await claim({}));
    expect(new Set(ports).size).toBe(5);
    expect(Math.min(...ports)).toBeGreaterThan(0);
  });

  it('are refused when they are taken, twice the same, or on no address of ours', async () => {
    await expect(claim({ GATEWAY_PORT: String(taken) })).rejects.toThrow(
      `port ${taken} is taken: stop what listens there, or set GATEWAY_PORT to another port`,
    );
    await expect(claim({ NVR_PORT: '23456', AGENT_PORT: '23456' })).rejects.toThrow('NVR_PORT and AGENT_PORT are both 23456');
    await expect(claim({ AGENT_HOST: '192.0.2.1' })).rejects.toThrow('AGENT_HOST is 192.0.2.1, which is no address of this machine');
  });
});
