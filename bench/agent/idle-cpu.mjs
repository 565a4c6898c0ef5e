// What a camera costs: the process that watches it and its FFmpegs, idle against always decoded, both at the same camera at a time.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadClip, RtspCamera } from '../../libs/embedded/dist/index.js';
import { requireFfmpeg } from '../../libs/testing/dist/index.js';
import { childrenOf, sleep } from '../adapter/processes.mjs';

const watchFile = fileURLToPath(new URL('watch-process.mjs', import.meta.url));
/** The scene is learned over more than one loop of the clip, so that the loop itself is nothing unusual. */
const idleAfterMs = 20_000;
const settleMs = 45_000;

/** @returns CPU-ms a second of each kind in each turn */
export async function measureIdle({ clip, cameraFps, seconds, turns, fps = 2 }) {
  const camera = new RtspCamera({ clip: await loadClip({ file: clip, ffmpegPath: await requireFfmpeg(), framesPerSecond: cameraFps }) });
  await camera.start();
  const watchers = { idle: startWatcher(camera.url, idleAfterMs, fps), always: startWatcher(camera.url, 0, fps) };
  const bare = startBare(clip);
  try {
    await sleep(settleMs);
    const samples = [];
    for (let turn = 0; turn < turns; turn++) {
      const before = costs({ ...watchers, bare });
      const startedMs = performance.now();
      await sleep(seconds * 1_000);
      const elapsed = (performance.now() - startedMs) / 1_000;
      const after = costs({ ...watchers, bare });
      const state = await watchers.idle.ask();
      samples.push({
        idle: (after.idle - before.idle) / elapsed,
        always: (after.always - before.always) / elapsed,
        ours: (after.idleOurs - before.idleOurs) / elapsed,
        bare: (after.bare - before.bare) / elapsed,
        alwaysOurs: (after.alwaysOurs - before.alwaysOurs) / elapsed,
        state: `${state.state} (${state.reason}, ${state.separation})`,
      });
    }
    return samples;
  } finally {
    for (const { child, exited } of [...Object.values(watchers), bare]) {
      child.kill('SIGTERM');
      await exited;
    }
    await camera.close();
  }
}

/** FFmpeg with the filters that a decode of two pictures a second needs, and nothing else: the floor of a busy camera. */
function startBare(clip) {
  const child = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-threads', '1', '-re', '-stream_loop', '-1', '-i', clip],
      ...['-vf', "fps=2,scale=w='min(1280,iw)':h=-2", '-threads', '1', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', '-y', '/dev/null'],
    ],
    { stdio: 'ignore' },
  );
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

/** CPU-ms so far: all processes of each watcher, the part which is our own code, and the bare FFmpeg beside them. */
function costs({ always, bare, idle }) {
  const whole = ({ child }) => [child.pid, ...childrenOf(child.pid)].reduce((sum, pid) => sum + cpuMs(pid), 0);
  return {
    always: whole(always),
    idle: whole(idle),
    idleOurs: cpuMs(idle.child.pid),
    alwaysOurs: cpuMs(always.child.pid),
    bare: cpuMs(bare.child.pid),
  };
}

function cpuMs(pid) {
  try {
    const fields = fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}
