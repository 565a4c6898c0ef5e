import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@nightjar/runtime';
import { until } from '@nightjar/testing';
import type { MonitoringPoint } from './plugin-messages.js';
import { Plugins, type PluginView } from './plugins.js';
import { RunningPlugin } from './running-plugin.js';

/** Threads run what was compiled; `npm run test:int` stands behind the build. */
const threadFile = new URL('../../dist/plugins/plugin-thread.js', import.meta.url);
const logger = createLogger({ service: 'agent', level: 'silent' });
const point = (n: number): MonitoringPoint => ({ series: 'request', time: '2026-11-22T12:00:00.000Z', tags: { n }, fields: {} });

describe('plugins of the agent', () => {
  let directory: string;
  let dataDir: string;
  let open: Plugins | undefined;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-plugins-'));
    dataDir = path.join(directory, '.data');
  });
  afterEach(async () => {
    await open?.stop();
    open = undefined;
    await rm(directory, { recursive: true, force: true });
  });

  async function drop(name: string, module: string, manifest: object = {}): Promise<void> {
    await mkdir(path.join(directory, name));
    await writeFile(path.join(directory, name, 'plugin.mjs'), module);
    await writeFile(
      path.join(directory, name, 'plugin.json'),
      JSON.stringify({ name, version: '1', type: 'event', module: 'plugin.mjs', ...manifest }),
    );
  }
  async function start(...active: string[]): Promise<Plugins> {
    open = await Plugins.open({ directory, dataDir, active, logger, threadFile });
    return open;
  }
  const row = (plugins: Plugins, name: string): PluginView | undefined => plugins.list().find((plugin) => plugin.name === name);
  const written = (name: string, file: string) => readFile(path.join(dataDir, name, file), 'utf8').catch(() => '');

  it('are called with each point, in order, with their settings and a folder of their own', async () => {
    await drop(
      'counter',
      `import { appendFile } from 'node:fs/promises';
       export const onEvent = (point, { dataDir, settings }) => appendFile(dataDir + '/seen', settings.prefix + point.tags.n + '\\n');`,
      { settings: { prefix: 'n=' } },
    );
    const plugins = await start('counter');
    for (let n = 0; n < 100; n++) plugins.publish(point(n));
    await until(async () => (await written('counter', 'seen')).split('\n').length > 100);
    expect((await written('counter', 'seen')).trim().split('\n')).toEqual(Array.from({ length: 100 }, (_, n) => `n=${n}`));
    expect(row(plugins, 'counter')).toEqual({ name: 'counter', type: 'event', enabled: true, version: '1', error: null, dropped: 0 });
  });

  it('run in the background until they are told to stop', async () => {
    await drop(
      'walker',
      `import { writeFile } from 'node:fs/promises';
       export async function run({ dataDir, signal }) {
         await writeFile(dataDir + '/began', 'yes');
         await new Promise((resolve) => signal.addEventListener('abort', resolve));
         await writeFile(dataDir + '/ended', 'yes');
       }`,
      { type: 'background' },
    );
    const moduleUrl = `file://${path.join(directory, 'walker', 'plugin.mjs')}`;
    const data = { moduleUrl, type: 'background' as const, settings: {}, dataDir: path.join(dataDir, 'walker') };
    const plugin = new RunningPlugin({ name: 'walker', threadFile, data, logger, stopMs: 60_000 });
    await until(async () => (await written('walker', 'began')) === 'yes');
    await plugin.stop();
    expect(await written('walker', 'ended')).toBe('yes');
  });

  it('are disabled alone, with the reason, when they throw, return, exit or cannot be loaded', async () => {
    await drop('thrower', `export function onEvent() { throw new TypeError('no such thing'); }`);
    await drop('rejecter', `export async function onEvent() { throw new Error('later'); }`);
    await drop('leaver', `export function onEvent() { process.exit(3); }`);
    await drop('returner', `export function run() {}`, { type: 'background' });
    await drop('broken', `this is no JavaScript`);
    await drop('empty', `export const something = 1;`);
    await drop(
      'healthy',
      `import { writeFile } from 'node:fs/promises'; export const onEvent = (p, c) => writeFile(c.dataDir + '/seen', String(p.tags.n));`,
    );
    const plugins = await start('thrower', 'rejecter', 'leaver', 'returner', 'broken', 'empty', 'healthy');
    plugins.publish(point(1));
    const ill = ['thrower', 'rejecter', 'leaver', 'returner', 'broken', 'empty'];
    await until(() => ill.every((name) => row(plugins, name)?.enabled === false));
    const reasons = ill.map((name) => row(plugins, name)?.error);
    expect(reasons).toEqual([
      'TypeError: no such thing',
      'Error: later',
      'its thread ended',
      'it returned',
      expect.stringContaining('SyntaxError'),
      'Error: the module exports no function onEvent',
    ]);
    plugins.publish(point(2));
    await until(async () => (await written('healthy', 'seen')) === '2');
    expect(row(plugins, 'healthy')?.enabled).toBe(true);
  });

  it('are disabled alone whatever they throw or post, be it nothing at all', async () => {
    const later = (thrown: string) => `setTimeout(() => { throw ${thrown}; }, 10); export const onEvent = () => undefined;`;
    const post = (message: string) =>
      `import { parentPort } from 'node:worker_threads'; parentPort.postMessage(${message}); export const onEvent = () => undefined;`;
    await drop('throws_late', later(`new RangeError('late')`));
    await drop('throws_null', later('null'));
    await drop('throws_no_text', later('{ toString: 1, valueOf: 2 }'));
    await drop('throws_odd_error', later(`Object.assign(new Error('x'), { name: { toString: 1 } })`));
    await drop(
      'emits_null',
      `import { EventEmitter } from 'node:events';
       setTimeout(() => new EventEmitter().emit('error', null), 10); export const onEvent = () => undefined;`,
    );
    await drop('posts_null', post('null'));
    await drop('posts_half', post(`{ kind: 'log', message: null }`));
    await drop(
      'logs_oddly',
      `import { writeFile } from 'node:fs/promises';
       const loop = { big: 1n };
       loop.loop = loop;
       export function onEvent(p, { dataDir, log }) {
         for (const fields of [loop, null, new Date(NaN)]) log('odd', fields);
         return writeFile(dataDir + '/seen', 'yes');
       }`,
    );
    const ill = ['throws_late', 'throws_null', 'throws_no_text', 'throws_odd_error', 'emits_null', 'posts_null', 'posts_half'];
    const plugins = await start(...ill, 'logs_oddly');
    plugins.publish(point(1));
    await until(() => ill.every((name) => row(plugins, name)?.enabled === false));
    expect(ill.map((name) => row(plugins, name)?.error)).toEqual([
      'RangeError: late',
      'it threw null',
      'it threw { toString: 1, valueOf: 2 }',
      'Error: x',
      expect.stringContaining('Unhandled error'),
      'it posted a message that its thread does not know',
      'it posted a message that its thread does not know',
    ]);
    await until(async () => (await written('logs_oddly', 'seen')) === 'yes');
    expect(row(plugins, 'logs_oddly')).toMatchObject({ enabled: true, error: null });
  });

  it('that hang are ended, and never hold up who publishes', async () => {
    await drop('hanger', `export function onEvent() { for (;;); }`);
    const data = { moduleUrl: `file://${path.join(directory, 'hanger', 'plugin.mjs')}`, type: 'event' as const, settings: {}, dataDir };
    const plugin = new RunningPlugin({ name: 'hanger', threadFile, data, logger, stuckMs: 300 });
    for (let n = 0; n < 1_500; n++) plugin.offer(point(n));
    expect(plugin.dropped).toBe(500);
    await until(() => plugin.disabledBecause !== undefined);
    expect(plugin.disabledBecause).toBe('it dealt with nothing for 0 s');
    await plugin.stop();
  });

  it('see nothing of the agent’s environment', async () => {
    await drop(
      'spy',
      `import { writeFile } from 'node:fs/promises';
       export const onEvent = (p, c) => writeFile(c.dataDir + '/env', JSON.stringify(process.env) + process.argv.slice(2).join());`,
    );
    const plugins = await start('spy');
    plugins.publish(point(1));
    await until(async () => (await written('spy', 'env')) !== '');
    expect(await written('spy', 'env')).toBe('{}');
  });

  it('are listed with what is wrong with their folder, and are not run unless they are named', async () => {
    await drop('quiet', `export const onEvent = () => undefined;`);
    await drop('wrong', '', { type: 'sometimes', module: '../../etc/passwd' });
    await mkdir(path.join(directory, 'bare'));
    const plugins = await start('absent');
    expect(plugins.list().map(({ name, enabled, error }) => [name, enabled, error])).toEqual([
      ['request_monitoring', false, null],
      ['bare', false, 'it has no plugin.json'],
      ['quiet', false, null],
      ['wrong', false, expect.stringMatching(/type .*; module must be the name of/)],
      ['absent', false, 'there is no such plugin'],
    ]);
  });

  it('of the agent’s own write each point as a line of JSON', async () => {
    await open?.stop();
    const moduleUrl = new URL('../../dist/plugins/request-monitoring.js', import.meta.url).href;
    const plugin = new RunningPlugin({
      name: 'request_monitoring',
      threadFile,
      data: { moduleUrl, type: 'event', settings: {}, dataDir },
      logger,
    });
    plugin.offer(point(1));
    plugin.offer(point(2));
    await until(async () => (await readFile(path.join(dataDir, 'points.jsonl'), 'utf8').catch(() => '')).split('\n').length === 3);
    const lines = (await readFile(path.join(dataDir, 'points.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as MonitoringPoint)).toEqual([point(1), point(2)]);
    await plugin.stop();
  });
});
