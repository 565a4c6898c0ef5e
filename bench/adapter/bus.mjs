// P14: inference by way of NATS against direct HTTP, on the same adapter, with a frame of 200 KiB.
import fs from 'node:fs';
import path from 'node:path';
import { chooseBus, startNatsServer } from '../../libs/embedded/dist/index.js';
import { fullHdJpegOf, multipartBody } from './bench-pictures.mjs';
import { describeRun, measurePairs, show, spreadOf } from './pairs.mjs';
import { childrenOf, cpuMsOf, startAdapter, startPeer } from './processes.mjs';
import { warmUp } from './warm-up.mjs';

const frameBytes = 200 * 1024;

export async function measureP14(bench, { pairs, seconds }) {
  const choice = await chooseBus({});
  if (choice.kind !== 'nats-server') return { lines: ['not measured: nats-server is not installed here'] };
  const before = new Set(childrenOf(process.pid));
  const dataDir = path.join(bench.dir, 'bus');
  fs.mkdirSync(dataDir);
  const server = await startNatsServer({ program: choice.program, version: choice.version, dataDir, token: 'bench-token-0123456789' });
  bench.onClose(() => server.stop());
  const broker = childrenOf(process.pid).filter((pid) => !before.has(pid));
  const adapter = await startAdapter(bench, { engineProcesses: 1, settings: { NATS_URL: server.url, NIGHTJAR_ADAPTER_ID: 'bench' } });
  const load = startPeer(bench, 'load-generator.mjs');
  await warmUp({ adapter, load });
  const picture = await fullHdJpegOf(frameBytes);
  const requests = [{ path: '/infer', ...multipartBody({ task: 'person_detection' }, picture) }];
  const measure = (pids, message) => async () => {
    const serving = cpuMsOf(pids);
    const answered = await load.ask({ seconds, concurrency: 1, ...message });
    return { ...answered, cpuMsPerUnit: (cpuMsOf(pids) - serving) / answered.units, clientCpuMsPerUnit: answered.cpuMs / answered.units };
  };
  const run = await measurePairs({
    pairs,
    baseline: measure(adapter.pids, { type: 'http', url: adapter.url, requests }),
    subject: measure([...adapter.pids, ...broker], { type: 'bus', natsUrl: server.url, picture }),
    steady: ({ cpuMsPerUnit }) => cpuMsPerUnit,
  });
  const added = spreadOf(run, (http, bus) => bus.p50Ms - http.p50Ms);
  const all = ({ cpuMsPerUnit, clientCpuMsPerUnit }) => cpuMsPerUnit + clientCpuMsPerUnit;
  return {
    value: added,
    lines: [
      `p50 by way of NATS - direct HTTP: ${show(added)} ms   [floor +2 ms, goal +1 ms]; HTTP ${show(
        spreadOf(run, (http) => http.p50Ms),
        1,
      )} ms`,
      `CPU-ms per image, NATS / HTTP: adapter and broker ${show(spreadOf(run, (http, bus) => bus.cpuMsPerUnit / http.cpuMsPerUnit))}, with the caller ${show(spreadOf(run, (http, bus) => all(bus) / all(http)))}   [floor 1.15]`,
      `JPEG of ${picture.length >> 10} KiB, one at a time, ${choice.program.split('/').at(-1)} ${choice.version}; ${describeRun(run)}`,
    ],
  };
}
