// Loads and unloads a model again and again, with a detection in between, and looks at the resident memory of the engine process
// after every unload. Exit code 1 when it has grown by more than 10 %.
// usage: node e2e/faults/load-unload.mjs [--cycles 500] [--model nanodet]
import { setTimeout as sleep } from 'node:timers/promises';
import { detection, numberOf, openPool, textOf } from './open-pool.mjs';

const cycles = numberOf('cycles', 500);
const model = textOf('model', 'nanodet');
const growthMax = 1.1;
const mebibytes = (bytes) => Math.round(bytes / 1024 ** 2);
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const { pool, photo, close } = await openPool();
const patience = { timeoutMs: 120_000 };
const [{ residentBytes: emptyBytes }] = pool.status.engineProcesses;
const unloaded = [];
let loadedBytes = 0;
for (let cycle = 0; cycle < cycles; cycle++) {
  await pool.load(model, patience);
  await pool.run(detection(photo, { model }));
  loadedBytes = pool.status.residentBytes;
  await pool.unload(model, patience);
  // The process tells its memory with the unload; a little later without what the request left to the collector.
  if (cycle % 10 === 9) await sleep(600);
  unloaded.push(pool.status.residentBytes);
}
// The first tenth fills caches that stay.
const tenth = Math.max(1, Math.floor(cycles / 10));
const [start, middle, end] = [unloaded.slice(tenth, 2 * tenth), unloaded.slice(5 * tenth, 6 * tenth), unloaded.slice(-tenth)].map(median);
const growth = end / start;
const line = (name, bytes) => console.log(`${name.padEnd(24)} ${String(mebibytes(bytes)).padStart(5)} MiB`);
console.log(`${cycles} times ${model} loaded, run and unloaded; resident memory of the engine process:`);
line('before the first load', emptyBytes);
line('loaded', loadedBytes);
line('unloaded, at the start', start);
line('unloaded, in the middle', middle);
line('unloaded, at the end', end);
console.log(`growth ${((growth - 1) * 100).toFixed(1)} % (at most 10), deaths ${pool.status.deaths}, replaced ${pool.status.replaced}`);
const passed = growth <= growthMax && pool.status.deaths === 0;
await close();
console.log(passed ? 'passed' : 'FAILED');
process.exit(passed ? 0 : 1);
