// P6: three tasks on one picture through /pipeline/run: what is there beside the steps themselves.
import fs from 'node:fs';
import path from 'node:path';
import { jsonBody, smallJpegs } from './bench-pictures.mjs';
import { describeRun, median, measurePairs, show, spreadOf } from './pairs.mjs';
import { cpuMsOf, startAdapter, startPeer } from './processes.mjs';
import { bareWindow, startBareLoops } from './served-against-bare.mjs';
import { warmUp } from './warm-up.mjs';

const steps = ['object_detection', 'face_detection', 'scene_description'];

export async function measureP6(bench, { pairs, seconds }) {
  const [picture] = await smallJpegs();
  const adapter = await startAdapter(bench, { engineProcesses: 1 });
  const folder = path.join(adapter.dataDir, 'frames', 'camera_0');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'bench.jpg'), picture);
  const request = { path: '/pipeline/run', ...jsonBody({ steps, data: { frame: { uri: 'opennvr://frames/camera_0/bench.jpg' } } }) };
  const load = startPeer(bench, 'load-generator.mjs');
  await warmUp({ adapter, load });
  const decodes = new Set();
  const subject = async () => {
    const before = cpuMsOf(adapter.pids);
    const answered = await load.ask({ type: 'http', url: adapter.url, requests: [request], seconds, concurrency: 1, keep: 1_000 });
    const shares = answered.answers.map(({ tookMs, json }) => {
      if (json.status !== 'success') throw new Error(JSON.stringify(json).slice(0, 300));
      decodes.add(json.decodes);
      return Object.values(json.results).reduce((sum, { latency_ms: stepMs }) => sum + stepMs, 0) / tookMs;
    });
    return { ...answered, share: median(shares), cpuMsPerUnit: (cpuMsOf(adapter.pids) - before) / answered.units };
  };
  const loops = await startBareLoops(bench, 1, { pictures: [picture], tasks: steps });
  const run = await measurePairs({ pairs, baseline: bareWindow(loops, seconds), subject, steady: ({ cpuMsPerUnit }) => cpuMsPerUnit });
  const share = spreadOf(run, (_, ours) => ours.share);
  return {
    value: share,
    lines: [
      `sum of the steps / end to end as the caller sees it: ${show(share)}   [floor 0.93, goal 0.97]; decodes per request: ${[...decodes].join(', ')}   [1]`,
      `the same three functions in a bare loop: CPU-ms bare / served ${show(spreadOf(run, (a, b) => a.cpuMsPerUnit / b.cpuMsPerUnit))}; bare ${show(
        spreadOf(run, (a) => a.cpuMsPerUnit),
        1,
      )} ms, served ${show(
        spreadOf(run, (_, b) => b.cpuMsPerUnit),
        1,
      )} ms, end to end ${show(
        spreadOf(run, (_, b) => b.p50Ms),
        1,
      )} ms`,
      `steps ${steps.join(', ')}; ${describeRun(run)}`,
    ],
  };
}
