// SIGKILLs nats-server at random moments while a client submits, deletes everything it kept and starts it empty. Most jobs are done
// by a played agent (play-agent.mjs); beside it a real agent with a real adapter has to find its inference queues again.
// usage: node e2e/faults/bus-kills.mjs [--kills 10] [--per-second 20] [--seed 1]
import { eventually, sleep } from '../journey/checks.mjs';
import { playAgent } from './play-agent.mjs';
import { describeTimes, query, readNumbers, runFaults, smallMedia } from './run-faults.mjs';

const { kills, 'per-second': perSecond, seed } = readNumbers({ kills: 10, 'per-second': 20, seed: 1 });

/** The played agent finds no scenes, the real one always does. */
const reallyDone = async (system, condition = 'true') => {
  const text = `SELECT count(*)::int AS done FROM jobs.job
    WHERE state = 'finished' AND media_type = 'video' AND json_array_length(result -> 'raw_scenes') > 0 AND ${condition}`;
  return (await query(system, text))[0].done;
};

await runFaults({
  title: 'bus kills',
  perSecond,
  seed,
  system: { agents: 1, adapters: 1, needsNatsServer: true },
  media: (dir) => smallMedia(dir, { seconds: 1 }),
  work: ({ bus }) => playAgent({ natsUrl: bus.server.url, slots: 4, workMs: () => 20 + Math.random() * 100 }),
  hurt: async ({ system, random }) => {
    const readyMs = [];
    for (let kill = 0; kill < kills; kill++) {
      await sleep(1_000 + random() * 4_000);
      await system.bus.kill();
      system.bus.deleteStore();
      await sleep(random() * 2_000);
      await system.bus.restart();
      const backMs = performance.now();
      await system.gateways[0].ready();
      readyMs.push(performance.now() - backMs);
    }
    const [{ now }] = await query(system, 'SELECT now()::text AS now');
    await eventually('a video of the real agent', () => reallyDone(system, `started_at > '${now}'`), { withinMs: 90_000 });
    return [
      `${kills} kills; ${await reallyDone(system)} videos were done by the real agent, the last one after the last kill`,
      describeTimes(readyMs, { what: 'the gateway, from a new bus to ready', withinMs: 5_000 }),
    ];
  },
});
