// How long somebody waits for the first picture of a live view: `node bench/nvr/first-picture.mjs [--viewers 20]`. Needs `npm run build`.
// The API and the recorder that ship, with a Postgres and a bus of their own; cameras on loopback in a process of their own. From the request
// for the WebSocket until the first fragment of video is there, viewer after viewer, each at another moment of the group of pictures: of one
// camera that is recorded, and of cameras that are only watched, each by its first viewer, so that it has to be connected to. FFmpeg decodes
// what each viewer got. Bar: one key frame interval and 300 ms, for all of them.
import { execFile, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { makeTestVideo, requireFfmpeg } from '../../libs/testing/dist/index.js';
import { openNvr } from '../../e2e/faults/nvr-system.mjs';
import { printHeader } from '../../e2e/faults/run-faults.mjs';
import { eventually, sleep } from '../../e2e/journey/checks.mjs';

const { values } = parseArgs({ options: { viewers: { type: 'string', default: '20' } } });
const viewers = Number(values.viewers);
/** Of the clips that makeTestVideo makes. */
const framesPerSecond = 15;
const barMs = 300;
const run = promisify(execFile);

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-first-picture-'));
const closers = [() => fs.rmSync(scratch, { recursive: true, force: true })];
try {
  await measureAll();
} finally {
  for (const close of closers.reverse()) await close();
}
process.exit();

async function measureAll() {
  printHeader(`first picture of a live view, ${viewers} viewers of each kind`);
  const ffmpeg = await requireFfmpeg();
  const clip = await makeTestVideo({ file: path.join(scratch, 'clip.mp4'), seconds: 4 });
  const keyFrameMs = keyFrameIntervalMs(ffmpeg, clip);
  const cameras = fork(fileURLToPath(new URL('recorder-cameras.mjs', import.meta.url)), [
    clip,
    String(viewers + 1),
    String(framesPerSecond),
  ]);
  closers.push(() => cameras.kill());
  const [[recordedUrl, ...watchedUrls]] = await once(cameras, 'message');
  const nvr = await openNvr({ scratch });
  closers.push(() => nvr.stop());
  const add = async (name, url, more = {}) => (await nvr.post('cameras', { name, frames_name: name, rtsp_url: url, ...more })).json.id;
  const recorded = await add('recorded', recordedUrl);
  const watched = [];
  for (const [index, url] of watchedUrls.entries()) watched.push(await add(`watched_${index}`, url, { recording_enabled: false }));
  await eventually('a recording', async () => (await nvr.query('SELECT 1 FROM nvr.segment LIMIT 1')).length > 0, { withinMs: 60_000 });
  console.log(`  key frame interval of the camera: ${keyFrameMs.toFixed(0)} ms; bar: ${(keyFrameMs + barMs).toFixed(0)} ms`);
  const kinds = { recorded: Array.from({ length: viewers }, () => recorded), 'only watched': watched };
  for (const [kind, ids] of Object.entries(kinds)) {
    const waitsMs = [];
    for (const id of ids) {
      // Viewers come at any moment between two key frames.
      await sleep(Math.random() * keyFrameMs);
      waitsMs.push(await firstPicture(nvr, { id, ffmpeg }));
    }
    print(kind, waitsMs, keyFrameMs + barMs);
  }
  console.log(`  load average at the end ${os.loadavg()[0].toFixed(1)}`);
}

/** @returns ms from the request until the first fragment was there, which decodes */
async function firstPicture(nvr, { id, ffmpeg }) {
  const viewer = nvr.watch(id);
  try {
    await eventually('a picture', () => viewer.firstPictureMs !== undefined, { withinMs: 30_000, everyMs: 20 });
  } finally {
    viewer.close();
  }
  const file = path.join(scratch, 'seen.mp4');
  fs.writeFileSync(file, Buffer.concat(viewer.media.slice(0, 2)));
  const { stderr, stdout } = await run(ffmpeg, ['-v', 'error', '-i', file, '-f', 'framemd5', '-'], { encoding: 'utf8' });
  if (stderr !== '' || !/^0,/m.test(stdout)) throw new Error(`what a viewer of camera ${id} got first is no picture: ${stderr}`);
  return viewer.firstPictureMs;
}

function print(kind, waitsMs, mostMs) {
  const sorted = [...waitsMs].sort((a, b) => a - b);
  const at = (share) => sorted[Math.ceil(share * sorted.length) - 1].toFixed(0);
  const over = sorted.filter((ms) => ms > mostMs).length;
  console.log(`  ${kind}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms; ${over} of ${sorted.length} above the bar`);
  if (over > 0) process.exitCode = 1;
}

/** Longest distance of key frames. */
function keyFrameIntervalMs(ffmpeg, clip) {
  const probe = ffmpeg.replace(/ffmpeg$/, 'ffprobe');
  const shown = ['-select_streams', 'v', '-show_entries', 'packet=pts_time,flags', '-of', 'csv=p=0', clip];
  const lines = execFileSync(probe, ['-v', 'error', ...shown], { encoding: 'utf8' }).split('\n');
  const keys = lines.filter((line) => line.includes('K')).map((line) => Number(line.split(',')[0]) * 1_000);
  return Math.max(...keys.slice(1).map((ms, index) => ms - keys[index]));
}
