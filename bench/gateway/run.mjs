// Performance bars of the job API. Every number is a ratio of two things measured side by side in this run, on one Postgres with fsync on.
// usage: node bench/gateway/run.mjs [--pairs 5] [--seconds 5] [P12 P13]     build first: npx tsc -b
import os from 'node:os';
import { parseArgs } from 'node:util';
import { openBench } from '../adapter/processes.mjs';
import { measureP13 } from './queue.mjs';
import { measureP12 } from './submit.mjs';

const bars = {
  P12: ['a submit, against a bare Fastify route with one INSERT', measureP12],
  P13: ['jobs through our queue, against graphile-worker', measureP13],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pairs: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' } },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(bars);
const unknown = wanted.filter((name) => !Object.hasOwn(bars, name));
if (unknown.length > 0) throw new Error(`no such bar: ${unknown.join(', ')}; there are ${Object.keys(bars).join(', ')}`);

const [cpu] = os.cpus();
console.log(`${cpu.model}, ${os.cpus().length} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 16)} UTC`);
for (const name of wanted) {
  const [title, measure] = bars[name];
  console.log(`\n${name}: ${title}`);
  const bench = openBench();
  try {
    for (const line of await measure(bench, { pairs: Number(values.pairs), seconds: Number(values.seconds) })) console.log(`  ${line}`);
  } catch (error) {
    console.log(`  not measured: ${error.stack}`);
    process.exitCode = 1;
  } finally {
    await bench.close();
  }
}
