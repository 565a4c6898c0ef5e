// Performance bars of the adapter. Every number is a ratio of two things measured side by side in this run; none is judged.
// usage: node bench/adapter/run.mjs [--pairs 5] [--seconds 5] [P1 P2 P3 P4 P5 P6 P14 P18 gpu memory]     build first: npx tsc -b
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { measureP18 } from './batching.mjs';
import { measureP14 } from './bus.mjs';
import { measureP2 } from './event-loop.mjs';
import { measureGpu } from './gpu.mjs';
import { measureP5 } from './identity.mjs';
import { measureMemory } from './memory.mjs';
import { measureP6 } from './pipeline.mjs';
import { openBench, root } from './processes.mjs';
import { measureP1, measureP3, measureP4 } from './served-against-bare.mjs';

const bars = {
  P1: ['an image served, against the same work in a bare loop', measureP1],
  P2: ['the event loop of the process that answers', measureP2],
  P3: ['two engine processes against one', measureP3],
  P4: ['1080p JPEG to boxes on two cores', measureP4],
  P5: ['what the server itself costs: task identity', measureP5],
  P6: ['/pipeline/run with three steps', measureP6],
  P14: ['by way of NATS against direct HTTP', measureP14],
  P18: ['batching', measureP18],
  gpu: ['on a GPU: joined calls (P18b), images served', measureGpu],
  memory: ['memory of an engine process', measureMemory],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(bars);
const unknown = wanted.filter((name) => !Object.hasOwn(bars, name));
if (unknown.length > 0) throw new Error(`no such bar: ${unknown.join(', ')}; there are ${Object.keys(bars).join(', ')}`);

const [cpu] = os.cpus();
console.log(
  `${cpu.model}, ${os.cpus().length} cores, Node ${process.versions.node}, commit ${commit()}, ${new Date().toISOString().slice(0, 16)} UTC`,
);
for (const name of wanted) {
  const [title, measure] = bars[name];
  console.log(`\n${name}: ${title}`);
  const bench = openBench();
  try {
    const { lines } = await measure(bench, { pairs: Number(values.pairs), seconds: Number(values.seconds) });
    for (const line of lines) console.log(`  ${line}`);
  } catch (error) {
    console.log(`  not measured: ${error.stack}`);
    process.exitCode = 1;
  } finally {
    await bench.close();
  }
}

function commit() {
  try {
    const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'apps/adapter', 'libs') === '' ? '' : ' with changes'}`;
  } catch {
    return 'unknown';
  }
}
