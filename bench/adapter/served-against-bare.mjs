// P1, P3, P4: what an image costs when it is served, against the same work without a server.
import os from 'node:os';
import { fullHdJpegs, multipartBody, smallJpegs } from './bench-pictures.mjs';
import { describeRun, measurePairs, show, spreadOf } from './pairs.mjs';
import { builtinTasks } from '../../apps/adapter/dist/tasks/builtin-tasks.js';
import { systemClock } from '../../libs/runtime/dist/index.js';
import { cpuMsOf, likeEngineProcess, startAdapter, startPeer } from './processes.mjs';
import { warmUp } from './warm-up.mjs';

const lastCore = os.cpus().length - 1;

const inferRequests = (pictures) =>
  pictures.map((picture) => ({ path: '/infer', ...multipartBody({ task: 'object_detection' }, picture) }));

/** One window of requests: images, CPU-ms of all of the adapter's processes for each, images a second. */
export function servedWindow({ adapter, load, requests, seconds, concurrency }) {
  return async () => {
    const cpuBefore = cpuMsOf(adapter.pids);
    const parentBefore = cpuMsOf([adapter.pid]);
    const answered = await load.ask({ type: 'http', url: adapter.url, requests, seconds, concurrency });
    const { units } = answered;
    return {
      ...answered,
      cpuMsPerUnit: (cpuMsOf(adapter.pids) - cpuBefore) / units,
      parentCpuMsPerUnit: (cpuMsOf([adapter.pid]) - parentBefore) / units,
      perSecond: units / answered.seconds,
    };
  };
}

/** One window of bare loops side by side. */
export function bareWindow(loops, seconds) {
  return async () => {
    const results = await Promise.all(loops.map((loop) => loop.ask({ type: 'run', seconds })));
    const units = results.reduce((sum, result) => sum + result.units, 0);
    return {
      units,
      cpuMsPerUnit: results.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / units,
      perSecond: results.reduce((sum, result) => sum + result.units / result.seconds, 0),
      meanMs: results.reduce((sum, { meanMs }) => sum + meanMs, 0) / results.length,
    };
  };
}

/** What the adapter has its engine processes do for these tasks, when the caller names no options. */
function engineStepsOf(names) {
  const tasks = builtinTasks({ clock: systemClock, faces: undefined });
  return names.flatMap((name) => tasks.find((task) => task.name === name).steps({ input: {}, session: undefined, pictures: new Map() }));
}

/** @param options.tasks what the loop does; default: object_detection */
export async function startBareLoops(bench, count, { tasks = ['object_detection'], ...options }) {
  const loops = Array.from({ length: count }, () => startPeer(bench, 'bare-loop.mjs', options.plain ? {} : likeEngineProcess));
  for (const loop of loops) {
    await loop.ask({ type: 'prepare', modelCacheDir: bench.modelCacheDir, models: ['nanodet'], steps: engineStepsOf(tasks), ...options });
  }
  return loops;
}

const cpuRatio = (baseline, subject) => baseline.cpuMsPerUnit / subject.cpuMsPerUnit;
const steady = ({ cpuMsPerUnit }) => cpuMsPerUnit;

export async function measureP1(bench, { pairs, seconds }) {
  const pictures = await smallJpegs();
  const adapter = await startAdapter(bench, { engineProcesses: 1 });
  const load = startPeer(bench, 'load-generator.mjs', { core: lastCore });
  const loops = await startBareLoops(bench, 1, { pictures });
  const requests = inferRequests(pictures);
  await warmUp({ adapter, load });
  const run = await measurePairs({
    pairs,
    baseline: bareWindow(loops, seconds),
    subject: servedWindow({ adapter, load, requests, seconds, concurrency: 2 }),
    steady,
  });
  const ratio = spreadOf(run, cpuRatio);
  return {
    value: ratio,
    lines: [
      `CPU-ms per image, bare / served: ${show(ratio)}   [floor 0.90, goal 0.95]`,
      `bare ${show(
        spreadOf(run, (bare) => bare.cpuMsPerUnit),
        1,
      )} ms, served ${show(
        spreadOf(run, (_, served) => served.cpuMsPerUnit),
        1,
      )} ms, of which the answering process ${show(
        spreadOf(run, (_, served) => served.parentCpuMsPerUnit),
        2,
      )} ms`,
      `${pictures.length} JPEGs of ${Math.min(...pictures.map((p) => p.length)) >> 10} to ${Math.max(...pictures.map((p) => p.length)) >> 10} KiB, multipart, one engine process, 2 requests at a time`,
      describeRun(run),
    ],
  };
}

export async function measureP3(bench, { pairs, seconds }) {
  const pictures = await smallJpegs();
  const requests = inferRequests(pictures);
  const load = startPeer(bench, 'load-generator.mjs');
  const window = async (engineProcesses) => {
    const adapter = await startAdapter(bench, { engineProcesses });
    await warmUp({ adapter, load });
    return servedWindow({ adapter, load, requests, seconds, concurrency: 6 });
  };
  const run = await measurePairs({ pairs, baseline: await window(1), subject: await window(2), steady: ({ perSecond }) => perSecond });
  const ratio = spreadOf(run, (one, two) => two.perSecond / one.perSecond);
  return {
    value: ratio,
    lines: [
      `images a second, 2 engine processes / 1: ${show(ratio)}   [floor 1.6, goal 1.85] (wall clock: says something on an idle machine only)`,
      `1 process ${show(
        spreadOf(run, (one) => one.perSecond),
        1,
      )}/s, 2 processes ${show(
        spreadOf(run, (_, two) => two.perSecond),
        1,
      )}/s`,
      `CPU-ms per image, 1 process / 2: ${show(spreadOf(run, cpuRatio))} (1 means that the second process takes nothing from the first)`,
      describeRun(run),
    ],
  };
}

export async function measureP4(bench, { pairs, seconds }) {
  const pictures = await fullHdJpegs();
  const requests = inferRequests(pictures);
  const adapter = await startAdapter(bench, { engineProcesses: 2 });
  const load = startPeer(bench, 'load-generator.mjs');
  await warmUp({ adapter, load });
  const subject = servedWindow({ adapter, load, requests, seconds, concurrency: 4 });
  const lines = [];
  let value;
  const baselines = [
    ['plain sharp (its default kernel) + int8', { plain: { kernel: 'lanczos3' } }],
    ['plain sharp (linear kernel) + int8', { plain: { kernel: 'linear' } }],
    ['our own steps', {}],
  ];
  for (const [name, options] of baselines) {
    const loops = await startBareLoops(bench, 2, { pictures, ...options });
    const run = await measurePairs({ pairs, baseline: bareWindow(loops, seconds), subject, steady });
    const cpu = spreadOf(run, cpuRatio);
    value ??= cpu;
    lines.push(
      `against 2 bare loops of ${name}: CPU-ms per image bare / served ${show(cpu)}, images a second served / bare ${show(spreadOf(run, (bare, served) => served.perSecond / bare.perSecond))}`,
      `  bare ${show(
        spreadOf(run, (bare) => bare.cpuMsPerUnit),
        1,
      )} ms, ${show(
        spreadOf(run, (bare) => bare.perSecond),
        1,
      )}/s; served ${show(
        spreadOf(run, (_, served) => served.cpuMsPerUnit),
        1,
      )} ms, ${show(
        spreadOf(run, (_, served) => served.perSecond),
        1,
      )}/s; ${describeRun(run)}`,
    );
  }
  lines.unshift(
    `1080p JPEGs of ${Math.round(pictures.reduce((sum, p) => sum + p.length, 0) / pictures.length / 1024)} KiB on average to boxes   [floor 0.85, goal 1.1 of the first line]`,
  );
  return { value, lines };
}
