// SIGKILLs Postgres (fsync on) at random moments while a client submits; the agent is played (play-agent.mjs). What was accepted
// survives the recovery; meanwhile clients hear 503 with Retry-After, and the gateway is ready within 5 s of Postgres being back.
// usage: node e2e/faults/postgres-kills.mjs [--kills 10] [--per-second 50] [--seed 1]
import { sleep } from '../journey/checks.mjs';
import { playAgent } from './play-agent.mjs';
import { describeTimes, readNumbers, runFaults } from './run-faults.mjs';

const { kills, 'per-second': perSecond, seed } = readNumbers({ kills: 10, 'per-second': 50, seed: 1 });

await runFaults({
  title: 'Postgres kills',
  perSecond,
  seed,
  work: ({ bus }) => playAgent({ natsUrl: bus.server.url, slots: 8, workMs: () => 20 + Math.random() * 100 }),
  hurt: async ({ system, random }) => {
    const recoveryMs = [];
    const readyMs = [];
    for (let kill = 0; kill < kills; kill++) {
      await sleep(1_000 + random() * 3_000);
      await system.postgres.kill();
      await sleep(random() * 2_000);
      const restartedMs = performance.now();
      await system.postgres.restart();
      const backMs = performance.now();
      await system.gateways[0].ready();
      recoveryMs.push(backMs - restartedMs);
      readyMs.push(performance.now() - backMs);
    }
    await sleep(2_000);
    return [
      `${kills} kills; Postgres itself, from start to recovered: ${describeTimes(recoveryMs)}`,
      describeTimes(readyMs, { what: 'the gateway, from there to ready', withinMs: 5_000 }),
    ];
  },
});
