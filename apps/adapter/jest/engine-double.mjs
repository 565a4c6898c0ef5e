// Stands in for an engine process where a spec is about the pool: it does what the picture says, a JSON text. Steps are not looked at.
//   {"sleepMs": 50}     takes so long, and lives
//   {"blockMs": 50}     takes so long, and can do nothing else meanwhile
//   {"never": true}     lives, and does not answer until it is cancelled
//   {"waitFor": "go"}   lives, and does not answer until there is a file of that name in the folder of models
//   {"together": 3}     lives, and does not answer until so many were there at once
//   {"exit": 3}         ends
//   {"abort": true}     ends as a failed assertion does, after "lastWords"
//   {"keepMiB": 200}    holds so much for ever
// The answer tells which process gave it, how many requests it had, and which models.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const models = new Map();
const kept = [];
const running = new Map();
let settings;
let loading;
let unloads = 0;
let baselineBytes = 0;
let mostAtOnce = 0;

const send = (message) => process.send(message);
const pulse = () =>
  send({ type: 'pulse', loading, memory: { residentBytes: process.memoryUsage.rss(), accountedBytes: baselineBytes, unloads } });
const catalogue = () => ({
  models: ['small', 'deadly', 'slow'].map((name) => ({
    ...{ name, version: '1', kind: 'tensors', description: '', framework: 'double', licence: '', labels: [], sizeBytes: 1 },
    ...{ isDefault: name === 'small', device: 'cpu', loaded: models.has(name), fingerprint: `sha256:${name}` },
  })),
  userTasks: [],
  missingProviders: [],
});
const told = (name) => settings.modelsDir !== undefined && existsSync(path.join(settings.modelsDir, name));

async function load(name) {
  if (settings.refusedModels?.includes(`${name}@1`)) throw new Error('refused');
  loading = `${name}@1`;
  pulse();
  if (name === 'deadly') process.kill(process.pid, 'SIGABRT');
  if (name === 'slow') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, told('very-slow') ? 4_500 : 1_500);
  models.set(name, true);
  loading = undefined;
  pulse();
}

async function run({ requestId, work }) {
  const script = JSON.parse(Buffer.from(work.pictures[0]).toString());
  const cancelled = new Promise((resolve) => running.set(requestId, resolve));
  mostAtOnce = Math.max(mostAtOnce, running.size);
  if (script.load) await load(script.load);
  if (script.exit !== undefined) process.exit(script.exit);
  if (script.abort) {
    process.stderr.write(script.lastWords ?? '');
    process.kill(process.pid, 'SIGABRT');
  }
  if (script.keepMiB) kept.push(Buffer.alloc(script.keepMiB * 1024 ** 2, 1));
  if (script.blockMs) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, script.blockMs);
  while (script.waitFor && !told(script.waitFor)) await sleep(5);
  while (mostAtOnce < (script.together ?? 0)) await sleep(5);
  if (script.never) await cancelled;
  else await sleep(script.sleepMs ?? 0);
  running.delete(requestId);
  const echo = { ...script, pid: process.pid, mostAtOnce, models: [...models.keys()], environment: Object.keys(process.env) };
  const timingsMs = { decode: 0, infer: 0, total: 0 };
  send({ type: 'result', requestId, result: { steps: [{ ok: true, result: echo, models: [], timingsMs }], decodes: 0 } });
}

async function control(requestId, perform) {
  try {
    await perform();
    send({ type: 'catalogue', catalogue: catalogue() });
    send({ type: 'done', requestId });
  } catch (error) {
    send({ type: 'failure', requestId, code: 'model_error', message: error.message });
  }
}

const commands = {
  async configure(command) {
    settings = command.settings;
    if (told('crash-at-start')) process.exit(7);
    if (told('hang-at-start')) return;
    if (told('refuse-to-start')) {
      await new Promise((resolve) => process.send({ type: 'start_failed', code: 'not_found', message: 'no such model' }, resolve));
      process.exit(1);
    }
    for (const name of settings.preload) models.set(name, true);
    baselineBytes = process.memoryUsage.rss();
    setInterval(pulse, settings.pulseEveryMs);
    pulse();
    send({ type: 'ready', catalogue: catalogue() });
  },
  run,
  cancel: ({ requestId }) => running.get(requestId)?.(),
  load: ({ requestId, model }) => control(requestId, () => load(model)),
  unload: ({ requestId, model }) =>
    control(requestId, async () => {
      models.delete(model);
      unloads++;
    }),
  rescan: ({ requestId }) =>
    control(requestId, async () => models.set(readFileSync(path.join(settings.modelsDir, 'new'), 'utf8').trim(), true)),
  refuse: (command) => (settings = { ...settings, refusedModels: command.models }),
  stop: () => process.exit(),
};

process.on('message', (command) => void commands[command.type](command));
process.on('disconnect', () => process.exit());
