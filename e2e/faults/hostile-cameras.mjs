// Fifteen kinds of broken cameras (R8, R29) beside a good one: the recorder's and the agent's code are run against all of them at once.
// Each camera breaks, and is whole again, round after round. It is recorded and seen again every time, the good camera's recording has no
// gap, nobody inside is connected to, and memory does not grow. No database and no bus are needed: rows are kept here.
// usage: node e2e/faults/hostile-cameras.mjs [--rounds 10] [--broken-seconds 6] [--kinds reset,drip]   (npm run build first)
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CameraSource } from '../../apps/agent/dist/sources/camera-source.js';
import { CameraRecorder } from '../../apps/nvr/dist/recorder/camera-recorder.js';
import { LiveParts } from '../../apps/nvr/dist/recorder/live-parts.js';
import { cameraFaults } from '../../libs/embedded/dist/index.js';
import { findFfmpeg } from '../../libs/media/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { makeTestVideo, startTestCamera } from '../../libs/testing/dist/index.js';
import { eventually, sleep } from '../journey/checks.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10' },
    'broken-seconds': { type: 'string', default: '6' },
    kinds: { type: 'string', default: cameraFaults.join(',') },
  },
});
const rounds = Number(values.rounds);
const brokenMs = Number(values['broken-seconds']) * 1000;
/** The longest pause between two attempts, and what a busy machine needs to connect. */
const backWithinMs = 75_000;
/** What may lie between two files of a camera that was never away: a frame, and the jitter of its clock. */
const gapMsMax = 500;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-hostile-'));
const ffmpeg = await findFfmpeg();
const logger = createLogger({ service: 'hostile-cameras', level: 'silent' });
const clock = systemClock;

let knocks = 0;
const inside = net.createServer((socket) => {
  knocks++;
  socket.destroy();
});
await new Promise((resolve) => inside.listen(0, '127.0.0.1', resolve));
const redirectUrl = `rtsp://127.0.0.1:${inside.address().port}/`;
const otherClip = await makeTestVideo({ file: path.join(scratch, 'other.mp4'), seconds: 2, width: 320, height: 240 });

/** The good camera is a process of its own: what holds ours up is to be ours alone, as it is with real cameras. */
async function startGoodCamera() {
  const clip = await makeTestVideo({ file: path.join(scratch, 'good.mp4'), seconds: 4 });
  const child = fork(fileURLToPath(new URL('../../bench/nvr/recorder-cameras.mjs', import.meta.url)), [clip, '1', '15']);
  const [[url]] = await once(child, 'message');
  return { url, close: () => child.kill() };
}

const startBadCamera = () =>
  startTestCamera({ redirectUrl, otherClip, credentials: { user: 'ada', password: 'p@ss' }, authentication: 'digest' });

/** A camera, its recorder, and what came of both. */
async function watch(kind, id, device) {
  const files = new Map();
  const uuid = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;
  const recorder = new CameraRecorder({
    camera: { id, uuid, framesName: kind, name: kind, rtspUrl: 'rtsp://10.0.0.1/' },
    findUrl: async () => device.url,
    onProblem: (reason) => problems.add(reason),
    ffmpeg,
    root: scratch,
    isRecorded: true,
    segmentMs: 10_000,
    rows: { put: (state) => files.set(state.file, state) },
    live: new LiveParts(clock, () => false),
    clock,
    logger,
    random: Math.random,
  });
  const problems = new Set();
  let frames = 0;
  let timesSeen = 0;
  const stopping = new AbortController();
  const source = new CameraSource({ ffmpeg, url: device.url, framesPerSecond: 1, clock, logger });
  const seeing = source.run(
    { onFrame: () => frames++, onState: ({ state }) => (timesSeen += state === 'online' ? 1 : 0) },
    stopping.signal,
  );
  recorder.start();
  return {
    kind,
    device,
    problems,
    files,
    recordedMs: () => [...files.values()].reduce((sum, { endsAt, startsAt }) => sum + (endsAt - startsAt), 0),
    frames: () => frames,
    timesSeen: () => timesSeen,
    stop: async () => {
      stopping.abort();
      await Promise.all([recorder.stop(), seeing]);
      await device.close();
    },
  };
}

const good = await watch('good', 1, await startGoodCamera());
const bad = [];
for (const [index, kind] of values.kinds.split(',').entries()) bad.push(await watch(kind, index + 2, await startBadCamera()));
let failed = false;
const rssMiB = [];
try {
  await eventually('all cameras recorded', () => [good, ...bad].every((camera) => camera.recordedMs() > 1_000), { withinMs: 120_000 });
  for (let round = 1; round <= rounds; round++) {
    for (const camera of bad) camera.device.breakDown(camera.kind);
    await sleep(brokenMs);
    const before = new Map(bad.map((camera) => [camera, { recordedMs: camera.recordedMs(), frames: camera.frames() }]));
    for (const camera of bad) camera.device.breakDown(undefined);
    const isBack = (camera) => camera.recordedMs() > before.get(camera).recordedMs + 1_000 && camera.frames() > before.get(camera).frames;
    const startedMs = performance.now();
    await eventually('all kinds recorded and seen again', () => bad.every(isBack), { withinMs: backWithinMs });
    global.gc?.();
    rssMiB.push(Math.round(process.memoryUsage().rss / 2 ** 20));
    console.log(
      `round ${round}: all ${bad.length} kinds back within ${Math.round((performance.now() - startedMs) / 1000)} s; RSS ${rssMiB.at(-1)} MiB`,
    );
  }
} catch (error) {
  failed = true;
  console.log(
    `FAILED ${error.message}; not back: ${bad.map(({ kind, recordedMs, frames }) => `${kind} ${recordedMs()} ms ${frames()} frames`).join('; ')}`,
  );
} finally {
  await Promise.all([good, ...bad].map((camera) => camera.stop()));
  inside.close();
}

const pieces = [...good.files.values()].sort((a, b) => a.startsAt - b.startsAt);
const gapMs = Math.max(0, ...pieces.slice(1).map(({ startsAt }, index) => startsAt - pieces[index].endsAt));
const growth = rssMiB.length < 3 ? 0 : rssMiB.at(-1) / rssMiB[1] - 1;
for (const { kind, device, problems } of bad)
  console.log(`${kind}: ${device.acceptedCount} connections; ${[...problems].join(' | ') || 'never lost'}`);
console.log(
  `good camera: ${pieces.length} files, ${good.frames()} frames, largest gap ${Math.round(gapMs)} ms; recorder: ${[...good.problems].join(' | ') || 'never lost'}; agent: connected ${good.timesSeen()} times`,
);
console.log(`knocks at a service inside: ${knocks}; RSS after the first two rounds: ${(growth * 100).toFixed(1)} %`);
fs.rmSync(scratch, { recursive: true, force: true });
if (failed || good.problems.size > 0 || good.timesSeen() !== 1 || gapMs > gapMsMax || knocks > 0 || growth > 0.05) {
  console.log('FAILED');
  process.exit(1);
}
console.log('passed');
process.exit(0);
