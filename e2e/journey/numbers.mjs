// What the journey measures. Numbers are printed, never judged: this machine's neighbours move them.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { call } from './checks.mjs';
import { samplePicture } from './media.mjs';
import { cpuMsOf, findProcess, root } from './system.mjs';

/** images/s of /infer at concurrency 4, and CPU-ms per image served against the same pipeline in a bare loop. */
export async function measureInference({ adapter, dataDir, images = 200 }) {
  const picture = fs.readFileSync(samplePicture(1));
  const send = async () => {
    const form = new FormData();
    form.set('task', 'person_counting');
    form.set('frame', new Blob([picture], { type: 'image/jpeg' }), 'frame.jpg');
    const { status } = await call(`${adapter}/infer`, { method: 'POST', body: form });
    if (status !== 200) throw new Error(`status ${status}`);
  };
  const processes = [...findProcess(dataDir, 'apps/adapter/dist/main.js'), ...findProcess(dataDir, 'engine-process')];
  const cpuMs = () => processes.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0);
  for (let warmUp = 0; warmUp < 10; warmUp++) await send();
  const cpuBefore = cpuMs();
  const startedMs = performance.now();
  let left = images;
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (left-- > 0) await send();
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const served = (cpuMs() - cpuBefore) / images;
  const bareLoop = [path.join(root, 'bench/bare-pipeline.mjs'), samplePicture(1), String(images)];
  const { stdout } = await promisify(execFile)(process.execPath, bareLoop, { env: { ...process.env, NIGHTJAR_DATA_DIR: dataDir } });
  const bare = JSON.parse(stdout);
  return [
    `/infer at concurrency 4: ${(images / seconds).toFixed(1)} images/s (${os.cpus().length} cores, load ${os.loadavg()[0].toFixed(1)}; the demo camera is analysed meanwhile and its share is counted)`,
    `CPU per image: served ${served.toFixed(1)} ms, bare loop ${bare.cpuMsPerImage.toFixed(1)} ms, bare/served ${(bare.cpuMsPerImage / served).toFixed(2)}`,
  ];
}
