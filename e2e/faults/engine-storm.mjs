// Kills and stops engine processes at random while requests, loads and unloads run. Every request must be answered or refused with
// a code that says so; afterwards all processes must be there again and none left over. Exit code 1 when not.
// usage: node e2e/faults/engine-storm.mjs [--seconds 30] [--processes 2] [--at-once 2] [--seed 1]
import { setTimeout as sleep } from 'node:timers/promises';
import { detection, numberOf, openPool } from './open-pool.mjs';

const seconds = numberOf('seconds', 30);
const processes = numberOf('processes', 2);
const runsAtOnce = numberOf('at-once', 2);
let state = numberOf('seed', 1);
/** The same storm for the same seed, as far as time allows (mulberry32). */
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const isAlive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const { pool, photo, close } = await openPool({ processes, runsAtOnce, hangMs: 3_000, settings: { preload: ['nanodet'] } });
const outcomes = new Map();
const count = (name) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
const seenPids = new Set();
const expected = new Set(['answered', 'model_error', 'overloaded', 'deadline_exceeded', 'cancelled']);
const until = performance.now() + seconds * 1_000;
let asked = 0;

async function ask() {
  while (performance.now() < until) {
    // A picture of its own each time: one that meets two kills is refused for ten minutes.
    const picture = Buffer.concat([photo, Buffer.from(String(asked++))]);
    const signal = random() < 0.1 ? AbortSignal.timeout(Math.ceil(random() * 200)) : undefined;
    await pool.run(detection(picture, { turn: `camera_${asked % 5}`, signal, timeoutMs: 15_000 })).then(
      ({ steps: [step] }) => count(step.ok ? 'answered' : step.code),
      (error) => count(error.code ?? String(error)),
    );
  }
}

async function hurt() {
  const blows = [];
  while (performance.now() < until) {
    await sleep(300 + random() * 1_500);
    const pids = pool.pids;
    pids.forEach((pid) => seenPids.add(pid));
    const pid = pids[Math.floor(random() * pids.length)];
    if (pid === undefined) continue;
    const signal = random() < 0.75 ? 'SIGKILL' : 'SIGSTOP';
    blows.push(signal);
    if (isAlive(pid)) process.kill(pid, signal);
  }
  return blows;
}

async function operate() {
  while (performance.now() < until) {
    await sleep(random() * 2_000);
    await pool[random() < 0.5 ? 'load' : 'unload']('identity', { timeoutMs: 5_000 }).catch((error) => count(`operation ${error.code}`));
  }
}

const [blows] = await Promise.all([hurt(), operate(), ...Array.from({ length: processes * runsAtOnce * 2 }, ask)]);
const recovered = async () => {
  for (let tries = 0; tries < 400 && pool.status.ready < processes; tries++) await sleep(100);
  return pool.status.ready === processes;
};
const back = await recovered();
const answered = back && (await pool.run(detection(photo))).steps[0].ok;
pool.pids.forEach((pid) => seenPids.add(pid));
const { deaths, queued, running } = pool.status;
await close();
await sleep(200);
const left = [...seenPids].filter(isAlive);
const strange = [...outcomes.keys()].filter((name) => !expected.has(name) && !name.startsWith('operation '));
const answers = [...outcomes].filter(([name]) => !name.startsWith('operation ')).reduce((sum, [, n]) => sum + n, 0);
console.log(`${seconds} s, ${blows.length} blows (${blows.filter((blow) => blow === 'SIGSTOP').length} stops), ${deaths} deaths`);
for (const [name, n] of [...outcomes].sort()) console.log(`  ${name.padEnd(28)} ${n}`);
console.log(
  `asked ${asked}, answered or refused ${answers}; queued ${queued}, running ${running}; all processes back: ${back}; left over: ${left.length}`,
);
const passed = back && answered && strange.length === 0 && answers === asked && left.length === 0 && queued === 0 && running === 0;
console.log(passed ? 'passed' : 'FAILED');
process.exit(passed ? 0 : 1);
