// P18b and what a GPU is worth, where there is one: joined calls against single ones, and images served against the same on the CPU.
import os from 'node:os';
import { chooseProviders } from '../../apps/adapter/dist/backends/onnx/execution-providers.js';
import { fullHdJpegs, multipartBody, smallJpegs } from './bench-pictures.mjs';
import { describeRun, measurePairs, show, spreadOf } from './pairs.mjs';
import { startAdapter, startPeer } from './processes.mjs';
import { servedWindow } from './served-against-bare.mjs';
import { warmUp } from './warm-up.mjs';

const models = ['nanodet', 'centernet', 'blazeface-back', 'faceres', 'facemesh'];
const callers = 32;
const steady = ({ perSecond }) => perSecond;
const gain = (one, other) => other.perSecond / one.perSecond;

export async function measureGpu(bench, { pairs, seconds }) {
  const [absent] = (await chooseProviders(['cuda'])).missing;
  if (absent) return { lines: [`NO GPU HERE, nothing measured: ${absent.reason}`] };
  const lines = [`P18b: ${callers} callers at once, a model's calls joined as shipped / each by itself   [floor 3.0, goal 3.7]`];
  for (const model of models) lines.push(await joinedAgainstSingle(bench, { model, pairs, seconds }));
  lines.push('images a second of a whole adapter, cuda / cpu, object_detection by multipart');
  for (const [name, pictures] of [
    ['JPEGs of 640 pixels', await smallJpegs()],
    ['JPEGs of 1080p', await fullHdJpegs()],
  ])
    lines.push(...(await servedOnGpu(bench, { name, pictures, pairs, seconds })));
  return { lines };
}

async function joinedAgainstSingle(bench, { model, pairs, seconds }) {
  const windows = [];
  for (const joined of [false, true]) {
    const peer = startPeer(bench, 'gpu-model.mjs');
    const { isJoining } = await peer.ask({ type: 'prepare', model, joined, modelCacheDir: bench.modelCacheDir });
    if (joined && !isJoining) return `  ${model}: not joined on this GPU: a batch was seen not to pay, or the model takes one picture`;
    windows.push(async () => {
      const run = await peer.ask({ type: 'run', seconds, concurrency: callers });
      return { ...run, perSecond: run.units / run.seconds };
    });
  }
  const run = await measurePairs({ pairs, baseline: windows[0], subject: windows[1], steady });
  const rates = [(single) => single.perSecond, (_, joined) => joined.perSecond].map((read) => show(spreadOf(run, read), 0));
  return `  ${model}: ${show(spreadOf(run, gain))}; ${rates[0]} and ${rates[1]} a second; ${describeRun(run)}`;
}

async function servedOnGpu(bench, { name, pictures, pairs, seconds }) {
  const requests = pictures.map((picture) => ({ path: '/infer', ...multipartBody({ task: 'object_detection' }, picture) }));
  const load = startPeer(bench, 'load-generator.mjs');
  const windows = [];
  for (const [providers, engineProcesses] of [
    ['cpu', os.availableParallelism()],
    ['cuda', 4],
  ]) {
    const adapter = await startAdapter(bench, { engineProcesses, settings: { NIGHTJAR_ADAPTER_PROVIDERS: providers } });
    await warmUp({ adapter, load });
    windows.push(servedWindow({ adapter, load, requests, seconds, concurrency: 2 * callers }));
  }
  const run = await measurePairs({ pairs, baseline: windows[0], subject: windows[1], steady });
  const of = (read, digits) => show(spreadOf(run, read), digits);
  return [
    `  ${name}: ${of(gain)}; cpu ${of((cpu) => cpu.perSecond, 0)} a second, ${of((cpu) => cpu.cpuMsPerUnit, 1)} CPU-ms each, p99 ${of((cpu) => cpu.p99Ms, 0)} ms`,
    `    cuda ${of((_, gpu) => gpu.perSecond, 0)} a second, ${of((_, gpu) => gpu.cpuMsPerUnit, 1)} CPU-ms each, p99 ${of((_, gpu) => gpu.p99Ms, 0)} ms; ${describeRun(run)}`,
  ];
}
