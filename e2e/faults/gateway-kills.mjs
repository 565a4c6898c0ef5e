// SIGKILLs a gateway at random moments while a client submits; the agent is played (play-agent.mjs): its analysis is made up, all else
// is real. No accepted job may be lost or doubled, and a killed gateway is ready again within 5 s (on a machine that has nothing else to do; `--ready-ms` asks for less of a busy one).
// usage: node e2e/faults/gateway-kills.mjs [--kills 20] [--per-second 50] [--gateways 1] [--ready-ms 5000] [--seed 1]
import { sleep } from '../journey/checks.mjs';
import { playAgent } from './play-agent.mjs';
import { describeTimes, readNumbers, runFaults } from './run-faults.mjs';

const numbers = readNumbers({ kills: 20, 'per-second': 50, gateways: 1, 'ready-ms': 5_000, seed: 1 });
const { kills, 'per-second': perSecond, gateways, 'ready-ms': withinMs, seed } = numbers;

await runFaults({
  title: 'gateway kills',
  perSecond,
  seed,
  system: { gateways },
  work: ({ bus }) => playAgent({ natsUrl: bus.server.url, slots: 8, workMs: () => 20 + Math.random() * 100 }),
  hurt: async ({ system, random }) => {
    const readyMs = [];
    for (let kill = 0; kill < kills; kill++) {
      await sleep(500 + random() * 2_500);
      const gateway = system.gateways[Math.floor(random() * system.gateways.length)];
      await gateway.kill();
      readyMs.push(await gateway.start());
    }
    await sleep(1_000);
    return [`${kills} kills`, describeTimes(readyMs, { what: 'the gateway, from start to ready', withinMs })];
  },
});
