// Many cameras on one agent, to see whether anything drifts or grows: `node bench/agent/many-cameras.mjs [--cameras 24] [--minutes 10]
// [--every 60] [--detector-ms 40] [--collect]`. Build first: npx tsc -b apps/agent libs/testing. The agent is the real process on a real bus, with
// cameras that play 640 × 360 at 10 frames a second, in which something walks for 5 of 100 s. NVR and adapter are played here: the detector
// takes its time and finds nothing, so that what is measured is the agent and its FFmpegs. Exits with 1 when memory or the age of frames
// grows by more than is allowed below, or frames are older than that. With --collect the agent collects its garbage every ten seconds, and what it
// holds then is printed too: what grows there is kept.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AssignedStream, claimStreams, offerAnalytics, releaseStreams } from '../../libs/contracts/dist/index.js';
import { findFreePort, loadClip, RtspCamera } from '../../libs/embedded/dist/index.js';
import { Bus, InferencePuller } from '../../libs/messaging/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { requireFfmpeg, startTestBus } from '../../libs/testing/dist/index.js';
import { childrenOf, rssMiB, root, sleep } from '../adapter/processes.mjs';
import { renderScene } from './scenes.mjs';

/** What is no growth yet: MiB a minute of agent and FFmpegs together, ms a minute of the frames' age. */
const allowed = { memoryMiBPerMinute: 3, frameAgeMsPerMinute: 20, frameAgeMsMax: 2_000 };
/** The first minutes fill caches, calibrate and fall asleep; fewer samples than this afterwards say nothing. */
const settleMinutes = 2;
const samplesMin = 4;
const collectFile = fileURLToPath(new URL('../../e2e/faults/soak-preload.mjs', import.meta.url));
const msPerTick = 10;
const loopSeconds = 100;
/** Counters of the agent that are shown as rates. */
const summed = {
  analysed: 'agent_stream_frames_analysed_total',
  asked: 'agent_stream_detector_calls_total',
  dropped: 'agent_stream_frames_dropped_total',
  units: 'agent_stream_units_dropped_total',
};

if (process.argv[2] === 'cameras') await playCameras(process.argv[3], Number(process.argv[4]));
else await main();

async function main() {
  const { values } = parseArgs({
    options: {
      cameras: { type: 'string', default: '24' },
      minutes: { type: 'string', default: '10' },
      every: { type: 'string', default: '60' },
      'detector-ms': { type: 'string', default: '40' },
      collect: { type: 'boolean', default: false },
    },
  });
  const [count, minutes, everySeconds] = [Number(values.cameras), Number(values.minutes), Number(values.every)];
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-bench-'));
  const closes = [() => fs.rmSync(dir, { recursive: true, force: true })];
  try {
    console.log(`${os.cpus()[0].model}, ${os.cpus().length} cores, Node ${process.versions.node}, load ${os.loadavg()[0].toFixed(1)}`);
    const scene = { seconds: loopSeconds, size: [640, 360], fps: 10, noise: 6, gopSeconds: 2, rate: { crf: 28 }, preset: 'ultrafast' };
    const { bytes, file } = renderScene(dir, { name: 'room', ...scene });
    console.log(`${count} cameras, 640x360, 10 frames/s, ${Math.round((bytes * 8) / loopSeconds / 1_000)} kbit/s each`);
    const urls = await startCameras(closes, file, count);
    const bus = await startTestBus();
    closes.push(() => bus.stop());
    await playNeighbours(closes, bus.url, { urls, detectorMs: Number(values['detector-ms']) });
    const agent = await startAgent(closes, { dir, natsUrl: bus.url, count, collects: values.collect });
    const samples = await watch(agent, { minutes, everySeconds });
    process.exitCode = judge(samples) ? 0 : 1;
  } finally {
    for (const close of closes.reverse()) await close();
  }
}

/** In a process of their own, so that the agent is not measured with them. @returns their addresses */
async function startCameras(closes, file, count) {
  const child = fork(fileURLToPath(import.meta.url), ['cameras', file, String(count)]);
  const exited = once(child, 'exit');
  closes.push(() => (child.kill('SIGTERM'), exited));
  const [urls] = await once(child, 'message');
  return urls;
}

/** One after the other, so that they do not all move at the same time. */
async function playCameras(file, count) {
  const clip = await loadClip({ file, ffmpegPath: await requireFfmpeg(), framesPerSecond: 10 });
  const cameras = Array.from({ length: count }, () => new RtspCamera({ clip }));
  for (const camera of cameras) {
    await camera.start();
    await sleep(250);
  }
  process.on('SIGTERM', () => process.exit(0));
  process.on('disconnect', () => process.exit(0));
  process.send(cameras.map(({ url }) => url));
}

async function playNeighbours(closes, natsUrl, { urls, detectorMs }) {
  const logger = createLogger({ service: 'bench', level: 'error' });
  const bus = Bus.open({ url: natsUrl, name: 'bench', logger });
  await bus.ready(AbortSignal.timeout(10_000));
  const uuid = (index) => `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  const streams = urls.map((url, index) =>
    AssignedStream.parse({
      ...{ camera_id: index + 1, stream_id: uuid(index + 1), frames_name: `camera_${index + 1}`, name: `camera ${index + 1}` },
      ...{ url, frames_per_second: 2 },
    }),
  );
  bus.serve(claimStreams, () => ({ lease_ms: 30_000, streams }));
  bus.serve(offerAnalytics, () => ({}));
  bus.serve(releaseStreams, () => ({ released: 0 }));
  const puller = new InferencePuller({
    ...{ bus, logger, clock: systemClock, capabilities: ['person_detection'], slots: 2 },
    run: async () => {
      await sleep(detectorMs);
      const model = { name: 'bench', version: '1', fingerprint: 'bench' };
      return { detections: [], picture: { w: 640, h: 360 }, model, latency_ms: detectorMs };
    },
  });
  puller.start();
  closes.push(async () => {
    await puller.stop();
    await bus.close();
  });
}

async function startAgent(closes, { dir, natsUrl, count, collects }) {
  const port = await findFreePort();
  const heldFile = collects ? path.join(dir, 'held.jsonl') : undefined;
  const child = spawn(
    process.execPath,
    [...(collects ? ['--expose-gc', '--import', collectFile] : []), path.join(root, 'apps/agent/dist/main.js')],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        ...{ NATS_URL: natsUrl, AGENT_PORT: String(port), NIGHTJAR_DATA_DIR: dir, NIGHTJAR_AGENT_STREAM_SLOTS: String(count) },
        NIGHTJAR_AGENT_SELF_CHECK: '0',
        ...(collects && { SOAK_FILE: heldFile }),
      },
    },
  );
  const exited = once(child, 'exit');
  closes.push(() => (child.kill('SIGTERM'), exited));
  const url = `http://127.0.0.1:${port}/metrics`;
  const endsAtMs = performance.now() + 60_000;
  while (!(await readMetrics(url).catch(() => undefined))) {
    if (performance.now() > endsAtMs) throw new Error('the agent does not start');
    await sleep(250);
  }
  return { pid: child.pid, url, heldFile };
}

async function watch(agent, { minutes, everySeconds }) {
  const samples = [];
  const startedMs = performance.now();
  let before = await look(agent);
  while (performance.now() - startedMs < minutes * 60_000 - 500) {
    await sleep(everySeconds * 1_000);
    const after = await look(agent);
    const seconds = (after.atMs - before.atMs) / 1_000;
    const rate = (name) => ((after.numbers[name] ?? 0) - (before.numbers[name] ?? 0)) / seconds;
    const sample = {
      minute: (after.atMs - startedMs) / 60_000,
      cores: (after.cpuMs - before.cpuMs) / 1_000 / seconds,
      agentMiB: after.agentMiB,
      ffmpegMiB: after.ffmpegMiB,
      frameAgeMs: after.ages.length === 0 ? 0 : 1_000 * after.ages.sort((a, b) => a - b)[after.ages.length >> 1],
      oldestMs: 1_000 * Math.max(0, ...after.ages),
    };
    samples.push(sample);
    console.log(
      `${sample.minute.toFixed(1).padStart(5)} min  ${sample.cores.toFixed(2)} cores  agent ${sample.agentMiB.toFixed(0)} MiB  ` +
        `${after.ffmpegs} FFmpegs ${sample.ffmpegMiB.toFixed(0)} MiB  ${after.states}  analysed ${rate('analysed').toFixed(1)}/s  ` +
        `asked ${rate('asked').toFixed(1)}/s  dropped ${rate('dropped').toFixed(2)}/s, units ${rate('units').toFixed(2)}/s  ` +
        `frame age median ${sample.frameAgeMs.toFixed(0)} ms, oldest ${sample.oldestMs.toFixed(0)} ms  load ${os.loadavg()[0].toFixed(1)}${heldOf(agent)}`,
    );
    before = after;
  }
  return samples;
}

/** After the newest collection, when that is asked for. */
function heldOf({ heldFile }) {
  if (heldFile === undefined) return '';
  const { heapUsed } = JSON.parse(fs.readFileSync(heldFile, 'utf8').trimEnd().split('\n').at(-1));
  return `  heap held ${(heapUsed / 2 ** 20).toFixed(1)} MiB`;
}

async function look({ pid, url }) {
  const metrics = await readMetrics(url);
  const values = (name) => metrics.filter((line) => line.startsWith(`${name}{`)).map((line) => Number(line.split(' ').at(-1)));
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  const states = {};
  for (const [, state] of metrics.map((line) => /^agent_stream_info.*decode_state="(\w+)"/.exec(line)).filter(Boolean))
    states[state] = (states[state] ?? 0) + 1;
  const children = descendantsOf(pid);
  return {
    atMs: performance.now(),
    // What ended meanwhile counts with its parent.
    cpuMs: ownCpuMs(pid, true) + sum(children.map((child) => ownCpuMs(child, false))),
    agentMiB: rssMiB(pid),
    ffmpegMiB: sum(children.map((child) => shareMiB(child))),
    ffmpegs: children.length,
    states: Object.entries(states)
      .map(([state, number]) => `${number} ${state}`)
      .join(', '),
    numbers: Object.fromEntries(Object.entries(summed).map(([name, metric]) => [name, sum(values(metric))])),
    ages: values('agent_stream_frame_age_seconds'),
  };
}

async function readMetrics(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  if (answer.status !== 200) throw new Error(`${url} answers ${answer.status}`);
  return (await answer.text()).split('\n');
}

function descendantsOf(pid) {
  try {
    return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
}

function ownCpuMs(pid, withEnded) {
  try {
    const fields = fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
      .map(Number);
    return msPerTick * (fields[11] + fields[12] + (withEnded ? fields[13] + fields[14] : 0));
  } catch {
    return 0;
  }
}

/** Memory that is its own, and its share of what it has in common with others: 48 times FFmpeg's code is not there 48 times. */
function shareMiB(pid) {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
  } catch {
    return 0;
  }
}

/** @returns whether nothing drifts and nothing grows, as far as this was long enough to say */
function judge(samples) {
  const settled = samples.filter(({ minute }) => minute >= settleMinutes);
  if (settled.length < samplesMin) {
    console.log(`too short to judge: ${settled.length} samples after the first ${settleMinutes} minutes, ${samplesMin} are needed`);
    return true;
  }
  const memory = slope(settled.map(({ agentMiB, ffmpegMiB, minute }) => [minute, agentMiB + ffmpegMiB]));
  const age = slope(settled.map(({ frameAgeMs, minute }) => [minute, frameAgeMs]));
  const oldestMs = Math.max(...settled.map(({ frameAgeMs }) => frameAgeMs));
  const holds = memory <= allowed.memoryMiBPerMinute && age <= allowed.frameAgeMsPerMinute && oldestMs <= allowed.frameAgeMsMax;
  console.log(
    `${holds ? 'holds' : 'FAILS'}: memory ${memory.toFixed(2)} MiB a minute (allowed ${allowed.memoryMiBPerMinute}), frame age ` +
      `${age.toFixed(1)} ms a minute (${allowed.frameAgeMsPerMinute}), highest median age ${oldestMs.toFixed(0)} ms (${allowed.frameAgeMsMax})`,
  );
  return holds;
}

/** Least squares. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const squares = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return squares === 0 ? 0 : points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / squares;
}
