// Loads and unloads a model again and again, with a detection in between, and looks at the resident memory of the engine process
// after every unload. Exit code 1 when it has grown by more than 10 %.
// With `--provider cuda` at the memory of the GPU as well, which this process must have for itself.
// usage: node e2e/faults/load-unload.mjs [--cycles 500] [--model nanodet] [--provider cuda]
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { detection, numberOf, openPool, textOf } from './open-pool.mjs';

const cycles = numberOf('cycles', 500);
const model = textOf('model', 'nanodet');
const provider = textOf('provider', 'cpu');
const growthMax = 1.1;
const mebibytes = (bytes) => Math.round(bytes / 1024 ** 2);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const { pool, photo, close } = await openPool({ settings: { providers: [provider] } });
const patience = { timeoutMs: 120_000 };
const [{ residentBytes: emptyBytes }] = pool.status.engineProcesses;
const unloaded = [];
const deviceUnloaded = [];
let loadedBytes = 0;
for (let cycle = 0; cycle < cycles; cycle++) {
  await pool.load(model, patience);
  await pool.run(detection(photo, { model }));
  loadedBytes = pool.status.residentBytes;
  await pool.unload(model, patience);
  // The process tells its memory with the unload; a little later without what the request left to the collector.
  if (cycle % 10 === 9) await sleep(600);
  unloaded.push(pool.status.residentBytes);
  if (provider !== 'cpu' && cycle % 10 === 9) deviceUnloaded.push(deviceUsedBytes());
}
// The first tenth fills caches that stay.
const tenth = Math.max(1, Math.floor(cycles / 10));
const [start, middle, end] = [unloaded.slice(tenth, 2 * tenth), unloaded.slice(5 * tenth, 6 * tenth), unloaded.slice(-tenth)].map(median);
const growth = end / start;
const deviceGrowth = deviceUnloaded.length === 0 ? 1 : deviceUnloaded.at(-1) / deviceUnloaded[1];
const line = (name, bytes) => console.log(`${name.padEnd(24)} ${String(mebibytes(bytes)).padStart(5)} MiB`);
console.log(`${cycles} times ${model} loaded, run and unloaded; resident memory of the engine process:`);
line('before the first load', emptyBytes);
line('loaded', loadedBytes);
line('unloaded, at the start', start);
line('unloaded, in the middle', middle);
line('unloaded, at the end', end);
if (deviceUnloaded.length > 0) {
  console.log('the GPU, all of it:');
  for (const [name, at] of [
    ['unloaded, at the start', 1],
    ['unloaded, in the middle', Math.floor(deviceUnloaded.length / 2)],
    ['unloaded, at the end', deviceUnloaded.length - 1],
  ])
    line(name, deviceUnloaded[at]);
}
console.log(`growth ${((growth - 1) * 100).toFixed(1)} % (at most 10), deaths ${pool.status.deaths}, replaced ${pool.status.replaced}`);
const passed = growth <= growthMax && deviceGrowth <= growthMax && pool.status.deaths === 0;
await close();
console.log(passed ? 'passed' : 'FAILED');
process.exit(passed ? 0 : 1);

/** What all processes hold on all GPUs, by NVIDIA's tool. */
function deviceUsedBytes() {
  const text = execFileSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], { encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .reduce((sum, used) => sum + Number(used) * 1024 ** 2, 0);
}
