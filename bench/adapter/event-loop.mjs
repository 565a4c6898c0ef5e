// P2: how late the answering process's event loop is while all engine processes work and while models load.
import os from 'node:os';
import { smallJpegs, multipartBody } from './bench-pictures.mjs';
import { median } from './pairs.mjs';
import { sleep, startAdapter, startPeer } from './processes.mjs';
import { warmUp } from './warm-up.mjs';

const gauge = /^adapter_event_loop_delay_seconds\{quantile="0\.99"\} (\S+)$/m;

/** p99 since the last time it was read. */
async function readDelayMs(url) {
  const text = await (await fetch(`${url}/contract/metrics`)).text();
  const found = gauge.exec(text);
  if (!found) throw new Error('the adapter does not tell how late its event loop is');
  return Number(found[1]) * 1000;
}

const post = (url, path) => fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });

export async function measureP2(bench, { pairs, seconds: pairSeconds }) {
  // The loop is looked at ten times a second: long windows for a p99.
  const seconds = 2 * pairSeconds;
  const adapter = await startAdapter(bench, { engineProcesses: 2 });
  const load = startPeer(bench, 'load-generator.mjs');
  // What the machine alone does to a loop with nothing to do: neighbours that hold the processor count against us, too.
  const idleLoop = startPeer(bench, 'idle-loop.mjs');
  const requests = (await smallJpegs()).map((picture) => ({ path: '/infer', ...multipartBody({ task: 'object_detection' }, picture) }));
  const saturate = () => load.ask({ type: 'http', url: adapter.url, requests, seconds, concurrency: 8 });
  const loadAndUnload = async () => {
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) {
      for (const action of ['load', 'unload']) {
        const answer = await post(adapter.url, `/v2/repository/models/centernet/${action}`);
        // A model in use or a queue that is full is no failure here.
        await answer.text();
      }
    }
  };
  const phases = {
    idle: () => sleep(seconds * 1000),
    saturated: saturate,
    'saturated, a model loading': () => Promise.all([saturate(), loadAndUnload()]),
  };
  await warmUp({ adapter, load });
  await saturate();
  const lines = ['p99 of the event loop delay of the answering process   [floor 10 ms, goal 5 ms, absolute]'];
  let value;
  for (const [name, perform] of Object.entries(phases)) {
    const rounds = [];
    for (let round = 0; round < pairs; round++) {
      await readDelayMs(adapter.url);
      await idleLoop.ask({});
      await perform();
      rounds.push({ ours: await readDelayMs(adapter.url), idle: (await idleLoop.ask({})).p99Ms });
    }
    const ours = rounds.map((round) => round.ours);
    value = { median: median(ours), low: Math.min(...ours), high: Math.max(...ours) };
    lines.push(
      `${name}: ${value.median.toFixed(1)} ms (${value.low.toFixed(1)} to ${value.high.toFixed(1)}); a loop with nothing to do, meanwhile: ${median(rounds.map(({ idle }) => idle)).toFixed(1)} ms`,
    );
  }
  lines.push(`${pairs} windows each, load average ${os.loadavg()[0].toFixed(1)}`);
  return { value, lines };
}
