// What recording a 1080p camera costs (P7: CPU, P8: memory), beside bare `ffmpeg -c copy` to segments:
// `node bench/nvr/recorder.mjs [--cameras 8] [--windows 6] [--settle 20]`. Build first: npx tsc -b apps/nvr libs/testing.
// The recorder is the process that ships, with a Postgres and a bus of its own; both record the same cameras at the same time, so that what
// neighbours do to the machine is done to both. Linux: reads /proc.
import { execFileSync, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { findFreePort } from '../../libs/embedded/dist/index.js';
import { createTestDatabase, requireFfmpeg, startTestBus, startTestPostgres, until } from '../../libs/testing/dist/index.js';
import { childrenOf, cpuMsOf, root, sleep } from '../adapter/processes.mjs';

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '8' },
    windows: { type: 'string', default: '6' },
    settle: { type: 'string', default: '20' },
  },
});
const camerasMax = Number(values.cameras);
const windows = Number(values.windows);
const settleMs = Number(values.settle) * 1_000;
const windowMs = 5_000;
const framesPerSecond = 30;
/** A pair whose bare half is further than this from the median of bare halves says more about the machine than about us. */
const deviationMax = 0.15;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-bench-'));
const closers = [() => fs.rmSync(dir, { recursive: true, force: true })];
try {
  await run();
} finally {
  for (const close of closers.reverse()) await close();
}

async function run() {
  const ffmpeg = await requireFfmpeg();
  const clip = renderClip(ffmpeg);
  const cameras = fork(fileURLToPath(new URL('recorder-cameras.mjs', import.meta.url)), [
    clip,
    String(camerasMax),
    String(framesPerSecond),
  ]);
  closers.push(() => end(cameras));
  const [urls] = await once(cameras, 'message');
  const recorder = await startRecorder(ffmpeg);
  const bare = [];
  closers.push(() => Promise.all(bare.map((process) => end(process))));
  console.log(`${os.cpus()[0].model}, ${os.cpus().length} cores, Node ${process.versions.node}, commit ${commit()}, load ${load()}`);
  console.log(`clip ${(fs.statSync(clip).size / 10 / 125_000).toFixed(1)} Mbit/s, 1920x1080 at ${framesPerSecond}, key frame each 2 s\n`);
  console.log('cameras   recorder: PSS, of it the process itself   bare: PSS');
  const memory = [];
  for (const count of [1, 4, 8, 16].filter((number) => number <= camerasMax)) {
    while (bare.length < count) bare.push(startBare(ffmpeg, urls[bare.length], bare.length));
    await recorder.record(urls.slice(0, count));
    await sleep(settleMs);
    const [ours, own, theirs] = [recorder.processes(), [recorder.pid], bare.map(({ pid }) => pid)].map(pssMiB);
    memory.push({ count, ours, theirs });
    console.log(
      `${String(count).padStart(7)}   ${ours.toFixed(0).padStart(14)} MiB ${own.toFixed(0).padStart(18)} MiB ${theirs.toFixed(0).padStart(18)} MiB`,
    );
  }
  const [ours, theirs] = [slope(memory.map(({ count, ours }) => [count, ours])), slope(memory.map(({ count, theirs }) => [count, theirs]))];
  console.log(
    `P8 memory per added camera: ${ours.toFixed(1)} MiB against ${theirs.toFixed(1)} MiB bare: ${(ours / theirs).toFixed(2)} (floor 1.50, goal 1.00)\n`,
  );
  await compareCpu(recorder, bare);
}

async function compareCpu(recorder, bare) {
  const pairs = [];
  for (let window = 0; window < windows; window++) {
    const before = costs(recorder, bare);
    await sleep(windowMs);
    const after = costs(recorder, bare);
    pairs.push(Object.fromEntries(Object.keys(after).map((part) => [part, after[part] - before[part]])));
  }
  const typical = median(pairs.map(({ bare }) => bare));
  const kept = pairs.filter(({ bare }) => Math.abs(bare / typical - 1) <= deviationMax);
  const perCamera = (part) => `${((median(kept.map((pair) => pair[part])) / windowMs / bare.length) * 100).toFixed(2)} %`;
  console.log(
    `P7 with ${bare.length} cameras, ${windows} windows of ${windowMs / 1_000} s, ${pairs.length - kept.length} discarded, load ${load()}; of a core, per camera:`,
  );
  console.log(
    `  bare ${perCamera('bare')}; recorder's process ${perCamera('own')}, its FFmpegs ${perCamera('ffmpegs')}, Postgres ${perCamera('postgres')}`,
  );
  const ratios = kept.map(({ bare, ffmpegs, own, postgres }) => (own + ffmpegs + postgres) / bare).sort((a, b) => a - b);
  console.log(
    `  all of ours / bare: ${median(ratios).toFixed(2)} (${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}; floor 1.35, goal 1.10)`,
  );
  if (kept.length * 2 < pairs.length) {
    console.log('  too many pairs were discarded: this says nothing');
    process.exitCode = 1;
  }
}

function costs(recorder, bare) {
  return {
    bare: cpuMsOf(bare.map(({ pid }) => pid)),
    own: cpuMsOf([recorder.pid]),
    ffmpegs: cpuMsOf(childrenOf(recorder.pid)),
    postgres: cpuOfServer(recorder.postmaster),
  };
}

/** The process that ships, on a database whose only user it is. */
async function startRecorder(ffmpegPath) {
  const postgres = await startTestPostgres();
  closers.push(() => postgres.stop());
  const { url: databaseUrl } = await createTestDatabase();
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  closers.push(() => database.end());
  const bus = await startTestBus();
  closers.push(() => bus.stop());
  const port = await findFreePort();
  const child = spawn(process.execPath, [path.join(root, 'apps/nvr/dist/recorder.main.js')], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      NATS_URL: bus.url,
      NIGHTJAR_SECRET_KEY: randomBytes(32).toString('base64'),
      NIGHTJAR_DATA_DIR: dir,
      NIGHTJAR_RECORDER_PORT: String(port),
      NIGHTJAR_CAMERA_NETWORKS: '127.0.0.0/8',
      NIGHTJAR_RETENTION_FREE_BYTES: '0',
      FFMPEG_PATH: ffmpegPath,
    },
    stdio: ['ignore', fs.openSync(path.join(dir, 'recorder.log'), 'a'), 'inherit'],
  });
  closers.push(() => end(child));
  const recorded = async () => Number((await database.query('SELECT count(DISTINCT camera_id) FROM nvr.segment')).rows[0].count);
  const { data_directory: dataDir } = (await database.query('SHOW data_directory')).rows[0];
  return {
    pid: child.pid,
    processes: () => [child.pid, ...childrenOf(child.pid)],
    postmaster: Number(fs.readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]),
    record: async (urls) => {
      for (const [index, url] of urls.entries())
        await database.query(
          'INSERT INTO nvr.camera (uuid, name, frames_name, rtsp_url, updated_at) VALUES (gen_random_uuid(), $1, $1, $2, now()) ON CONFLICT DO NOTHING',
          [`bench_${index}`, url],
        );
      await until(async () => (await recorded()) >= urls.length, 60_000);
    },
  };
}

/** Of a Postgres that serves nobody else: its processes that live, and those that ended. */
function cpuOfServer(postmaster) {
  const fields = fs
    .readFileSync(`/proc/${postmaster}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const endedMs = (Number(fields[13]) + Number(fields[14])) * 10;
  return endedMs + cpuMsOf([postmaster, ...childrenOf(postmaster)]);
}

function startBare(ffmpeg, url, index) {
  const output = path.join(dir, `bare-${index}-%d.mp4`);
  const movflags = 'movflags=+frag_keyframe+empty_moov+default_base_moof';
  return spawn(
    ffmpeg,
    [
      ...['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-i', url, '-map', '0:v:0', '-c', 'copy'],
      ...['-f', 'segment', '-segment_time', '60', '-segment_format', 'mp4', '-segment_format_options', movflags, output],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

function renderClip(ffmpeg) {
  const file = path.join(dir, 'clip.mp4');
  execFileSync(ffmpeg, [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=1920x1080:rate=${framesPerSecond},noise=alls=12:allf=t`, '-t', '10'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p', '-g', String(framesPerSecond * 2)],
    ...['-keyint_min', String(framesPerSecond * 2), '-sc_threshold', '0', '-b:v', '4M', '-maxrate', '4M', '-bufsize', '4M', file],
  ]);
  return file;
}

/** Shared pages count by share: eight FFmpegs have their libraries once. */
function pssMiB(pids) {
  return pids.reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]), 0) / 1024;
}

/** Of the straight line that lies best. */
function slope(points) {
  const [meanX, meanY] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const over = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return over / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exited, sleep(10_000).then(() => child.kill('SIGKILL'))]);
}

function load() {
  return os.loadavg()[0].toFixed(1);
}

function commit() {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
}
