// Freezes Postgres, the bus and a real agent for 1 to 20 s while a client submits: sockets stay open and nobody answers. Most jobs are
// done by a played agent (play-agent.mjs). Prints how the gateway's memory moved. Linux only.
// usage: node e2e/faults/half-open.mjs [--rounds 9] [--seconds-max 20] [--per-second 20] [--seed 1]
import fs from 'node:fs';
import { sleep } from '../journey/checks.mjs';
import { freeze, processTree } from './job-system.mjs';
import { playAgent } from './play-agent.mjs';
import { describeTimes, readNumbers, runFaults, smallMedia } from './run-faults.mjs';

const options = readNumbers({ rounds: 9, 'seconds-max': 20, 'per-second': 20, seed: 1 });

await runFaults({
  title: 'half-open connections',
  perSecond: options['per-second'],
  seed: options.seed,
  system: { agents: 1, adapters: 1 },
  media: (dir) => smallMedia(dir, { seconds: 1 }),
  work: ({ bus }) => playAgent({ natsUrl: bus.server.url, slots: 4, workMs: () => 20 + Math.random() * 100 }),
  hurt: async ({ system, random, client }) => {
    const [gateway] = system.gateways;
    const [agent] = system.agents;
    const targets = [
      ['Postgres', () => processTree(system.postgres.server.pid)],
      ['the bus', () => [system.bus.server.pid]],
      ['an agent', () => [agent.pid]],
    ];
    const memory = watchMemory(gateway.pid);
    const readyMs = [];
    for (let round = 0; round < options.rounds; round++) {
      await sleep(1_000 + random() * 2_000);
      const [name, pids] = targets[round % targets.length];
      // Every other one as long as asked for: longer than any wait on the other side should be.
      const seconds = round % 2 === 0 ? options['seconds-max'] : 1 + random() * (options['seconds-max'] - 1);
      await freeze(pids(), seconds * 1000);
      const thawedMs = performance.now();
      await gateway.ready();
      readyMs.push(performance.now() - thawedMs);
      console.log(
        `  ${name} frozen for ${seconds.toFixed(1)} s; ${client.inFlight} submits under way; gateway ready ${Math.round(readyMs.at(-1))} ms later`,
      );
    }
    await sleep(5_000);
    return [
      describeTimes(readyMs, { what: 'the gateway, from thawed to ready', withinMs: 5_000 }),
      `longest wait for an answer: ${(client.slowestMs / 1000).toFixed(1)} s`,
      memory.describe(),
    ];
  },
});

/** Resident memory once a second, and the line through it. */
function watchMemory(pid) {
  const startedMs = performance.now();
  const samples = [];
  const timer = setInterval(() => {
    const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    if (kibibytes) samples.push({ minutes: (performance.now() - startedMs) / 60_000, mebibytes: kibibytes / 1024 });
  }, 1_000);
  const describe = () => {
    clearInterval(timer);
    const mean = (read) => samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length;
    const minutes = mean((sample) => sample.minutes);
    const mebibytes = mean((sample) => sample.mebibytes);
    const slope =
      mean((sample) => (sample.minutes - minutes) * (sample.mebibytes - mebibytes)) / mean((sample) => (sample.minutes - minutes) ** 2);
    const values = samples.map((sample) => sample.mebibytes);
    return `gateway memory: ${values[0].toFixed(0)} MiB at first, ${Math.max(...values).toFixed(0)} at most, ${values.at(-1).toFixed(0)} at last; slope ${slope.toFixed(1)} MiB a minute`;
  };
  return { describe };
}
