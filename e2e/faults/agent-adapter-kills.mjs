// SIGKILLs real agents and a real adapter in the middle of jobs: small videos and pictures with people in them, real models. Two agents,
// so that one takes over what the other left; a job that is met five times may end as failed, but it ends once.
// usage: node e2e/faults/agent-adapter-kills.mjs [--kills 40] [--per-second 0.5] [--seed 1]
import { eventually, sleep } from '../journey/checks.mjs';
import { describeTimes, query, readNumbers, runFaults, smallMedia } from './run-faults.mjs';

const { kills, 'per-second': perSecond, seed } = readNumbers({ kills: 40, 'per-second': 0.5, seed: 1 });
/** Every so many kills one meets the adapter instead of an agent. */
const adapterEvery = 4;

/** The agents that have a job in work. */
async function busyAgents({ agents, ...system }) {
  const rows = await query(system, `SELECT DISTINCT lease_holder AS holder FROM jobs.job WHERE state = 'processing'`);
  return agents.filter(({ name, isRunning }) => isRunning && rows.some(({ holder }) => holder === name));
}

await runFaults({
  title: 'agent and adapter kills',
  perSecond,
  seed,
  system: { agents: 2, adapters: 1 },
  media: (dir) => smallMedia(dir, { seconds: 3 }),
  hurt: async ({ system, random }) => {
    const [adapter] = system.adapters;
    const killed = { agent: 0, adapter: 0 };
    const readyMs = [];
    for (let kill = 0; kill < kills; kill++) {
      const busy = await eventually('a job in work', async () => (await busyAgents(system)).at(Math.floor(random() * 2) - 1), {
        withinMs: 120_000,
        everyMs: 50,
      });
      await sleep(random() * 500);
      const isAdapter = kill % adapterEvery === adapterEvery - 1;
      const victim = isAdapter ? adapter : busy;
      await victim.kill();
      killed[isAdapter ? 'adapter' : 'agent']++;
      readyMs.push(await victim.start());
    }
    return [
      `${killed.agent} kills of agents, ${killed.adapter} of the adapter, each while a job was in work`,
      `from start to ready: ${describeTimes(readyMs)}`,
    ];
  },
  afterwards: async ({ system }) => {
    const rows = await query(system, 'SELECT attempt, count(*)::int AS jobs FROM jobs.job GROUP BY attempt ORDER BY attempt');
    return [`attempts at a job: ${rows.map(({ attempt, jobs }) => `${attempt} (${jobs} jobs)`).join(', ')}`];
  },
});
