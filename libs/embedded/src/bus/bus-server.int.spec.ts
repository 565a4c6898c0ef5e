import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isProcessAlive, readCommandLine, waitUntilGone } from '../stop-process.js';
import { startBrokerProcess } from './broker-process.js';
import { chooseBus } from './choose-bus.js';
import { startNatsServer } from './nats-server.js';

/** Says something to a server and collects what it says until it hangs up, or has said the last word. */
function converse(port: number, words: string, lastWord?: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    const finish = (): void => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1');
      if (lastWord !== undefined && heard.includes(lastWord)) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(words);
  });
}

describe('the bus of a machine', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), `nightjar-bus-${process.pid}-`));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('is the one that was given, before any other', async () => {
    expect(await chooseBus({ natsUrl: 'nats://elsewhere:4222', natsServerPath: '/nowhere' })).toEqual({
      kind: 'given',
      url: 'nats://elsewhere:4222',
    });
    expect(await chooseBus({ embeddedOnly: true })).toEqual({ kind: 'embedded broker', reason: 'asked for' });
    await expect(chooseBus({ natsServerPath: '/nowhere/nats-server' })).rejects.toThrow(/NATS_SERVER_PATH is set to/);
  });

  it('keeps its token out of command lines and of files that others read', async () => {
    const choice = await chooseBus({});
    if (choice.kind !== 'nats-server') return void process.stdout.write('skipped: nats-server is not installed\n');
    const server = await startNatsServer({ program: choice.program, version: choice.version, dataDir, token: 'secret123' });
    expect(await readCommandLine(server.pid)).not.toContain('secret123');
    const config = path.join(dataDir, 'nats-server.conf');
    expect(await readFile(config, 'utf8')).toContain('secret123');
    expect((await stat(config)).mode & 0o077).toBe(0);
    await server.stop();
    await server.exited;
    expect(isProcessAlive(server.pid)).toBe(false);
  });

  it('replaces a nats-server that a killed launcher left behind', async () => {
    const choice = await chooseBus({});
    if (choice.kind !== 'nats-server') return void process.stdout.write('skipped: nats-server is not installed\n');
    const options = { program: choice.program, version: choice.version, dataDir, token: 'secret123' };
    const orphan = await startNatsServer(options);
    const successor = await startNatsServer({ ...options, port: orphan.port });
    expect(isProcessAlive(orphan.pid)).toBe(false);
    expect(successor.port).toBe(orphan.port);
    await successor.stop();
  });

  it('is a broker process that hangs up on strangers, on endless lines and on nonsense', async () => {
    const broker = await startBrokerProcess({ token: 'secret123' });
    const hello = `CONNECT {"auth_token":"secret123"}\r\n`;
    expect(await converse(broker.port, 'SUB > 1\r\n')).toContain(`-ERR 'Authorization Violation'`);
    expect(await converse(broker.port, 'CONNECT {"auth_token":"other"}\r\nPING\r\n')).toContain(`-ERR 'Authorization Violation'`);
    expect(await converse(broker.port, 'PING\r\n')).toContain(`-ERR 'Authentication Timeout'`);
    expect(await converse(broker.port, `${hello}PUB ${'x'.repeat(100_000)}`)).toContain(`-ERR 'Maximum Control Line Exceeded'`);
    expect(await converse(broker.port, `${hello}PUB a 999999999\r\n`)).toContain(`-ERR 'Maximum Payload Violation'`);
    expect(await converse(broker.port, `${hello}PUB a -1\r\n`)).toContain(`-ERR 'Parser Error'`);
    expect(await converse(broker.port, `${hello}HACK\r\n`)).toContain(`-ERR 'Unknown Protocol Operation'`);
    expect(await converse(broker.port, `${hello}SUB a..b 1\r\nPING\r\n`, 'PONG')).toMatch(/-ERR 'Invalid Subject'[^]*PONG/);
    expect(isProcessAlive(broker.pid)).toBe(true);
    await broker.stop();
    await broker.exited;
  });

  it('is a broker process that ends with its launcher, however that ends', async () => {
    const entry = new URL('../../dist/index.js', import.meta.url).href;
    const script = `const { startBrokerProcess } = await import(${JSON.stringify(entry)});
      console.log((await startBrokerProcess({ token: 'secret123' })).pid);`;
    const launcher = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const brokerPid = await new Promise<number>((resolve) =>
      launcher.stdout.once('data', (bytes: Buffer) => resolve(Number(bytes.toString()))),
    );
    expect(isProcessAlive(brokerPid)).toBe(true);
    launcher.kill('SIGKILL');
    expect(await waitUntilGone(brokerPid, 60_000)).toBe(true);
  });
});
