// What a camera costs: the process that watches it and its FFmpegs, idle against always decoded, and both against an FFmpeg that does
// nothing but decode and scale. All of them run at the same time, at the same camera.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { loadClip, RtspCamera } from '../../libs/embedded/dist/index.js';
import { requireFfmpeg } from '../../libs/testing/dist/index.js';
import { childrenOf, sleep } from '../adapter/processes.mjs';
import { runMsByProcess, spentMs } from './run-time.mjs';

const watchFile = fileURLToPath(new URL('watch-process.mjs', import.meta.url));
/** The scene is learned over more than one loop of the clip, so that the loop itself is nothing unusual. */
const idleAfterMs = 20_000;
/**
 * Node compiles what it ran often enough and tidies up behind its start: a process that does little takes minutes for that, and is then as
 * it will be for months. After two minutes a busy camera still cost a fifth more of our own time than after five.
 */
const settleMs = 300_000;

/** @returns CPU-ms a second of each kind in each turn */
export async function measureIdle({ clip, cameraFps, seconds, turns, fps = 2 }) {
  const ffmpeg = await requireFfmpeg();
  const camera = new RtspCamera({ clip: await loadClip({ file: clip, ffmpegPath: ffmpeg, framesPerSecond: cameraFps }) });
  await camera.start();
  const parties = {
    idle: startWatcher(camera.url, idleAfterMs, fps),
    always: startWatcher(camera.url, 0, fps),
    bareCamera: startBare(ffmpeg, ['-rtsp_transport', 'tcp', '-i', camera.url], fps),
    bareFile: startBare(ffmpeg, ['-re', '-stream_loop', '-1', '-i', clip], fps),
  };
  try {
    await sleep(settleMs);
    const samples = [];
    for (let turn = 0; turn < turns; turn++) {
      const before = readCosts(parties);
      const statesBefore = await askAll(parties);
      await sleep(seconds * 1_000);
      samples.push(between(before, readCosts(parties), statesBefore, await askAll(parties)));
    }
    return samples;
  } finally {
    for (const { child, exited } of Object.values(parties)) {
      child.kill('SIGTERM');
      await exited;
    }
    await camera.close();
  }
}

/** FFmpeg with the filters that a decode of two pictures a second needs, and nothing else: the floor of a busy camera. */
function startBare(ffmpeg, input, fps) {
  const output = [
    '-vf',
    `fps=${fps},scale=w='min(1280,iw)':h=-2`,
    '-threads',
    '1',
    '-pix_fmt',
    'yuv420p',
    '-f',
    'rawvideo',
    '-y',
    '/dev/null',
  ];
  const child = spawn(ffmpeg, ['-v', 'error', '-nostdin', '-threads', '1', ...input, ...output], { stdio: 'ignore' });
  return { child, exited: once(child, 'exit') };
}

function startWatcher(url, idleAfterMs, fps) {
  const child = fork(watchFile, [url, String(idleAfterMs), String(fps)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  const ask = async () => {
    const answered = once(child, 'message');
    child.send('status');
    return (await answered)[0];
  };
  return { child, exited, ask };
}

async function askAll({ always, idle }) {
  return { always: await always.ask(), idle: await idle.ask() };
}

/** Of each process of each party: a watcher is itself, which is our own code, and its FFmpegs. */
function readCosts(parties) {
  const entries = Object.entries(parties).map(([name, { child }]) => [
    name,
    runMsByProcess([child.pid, ...childrenOf(child.pid)]),
    child.pid,
  ]);
  return { atMs: performance.now(), costs: entries };
}

function between(before, after, statesBefore, statesAfter) {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const sample = { state: `${statesAfter.idle.state} (${statesAfter.idle.reason}, ${statesAfter.idle.separation})` };
  after.costs.forEach(([name, runMs, ownPid], index) => {
    const { all, of } = spentMs(before.costs[index][1], runMs);
    sample[name] = all / seconds;
    sample[`${name}Ours`] = (of.get(ownPid) ?? 0) / seconds;
  });
  for (const name of ['always', 'idle']) {
    sample[`${name}Pictures`] = (statesAfter[name].frames - statesBefore[name].frames) / seconds;
    sample[`${name}AgeMs`] = statesAfter[name].ageMs;
  }
  return sample;
}
