// Recorder, live video and exports on cameras that are not ours: the RTSP server of GStreamer, with Digest passwords, H.264 over TCP, over
// UDP and where the camera knows UDP alone, H.265 with sound, recorded and only watched. It dies in between and comes back. What came of it
// is judged by ffprobe and FFmpeg, and by a browser that knows no H.265 where there is one.
// usage: node e2e/faults/gstreamer-cameras.mjs [--seconds 15]      (npm run build first)
//   Debian: apt-get install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-rtsp gstreamer1.0-plugins-good python3-gi
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { check, closeChecks, eventually, skip } from '../journey/checks.mjs';
import { ffmpeg, judgeMedia } from './judge-media.mjs';
import { filesBelow, openNvr } from './nvr-system.mjs';
import { showUnknownCodec } from './show-unknown-codec.mjs';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' } } });
const recordMs = Number(values.seconds) * 1_000;
const python = '/usr/bin/python3';
const server = fileURLToPath(new URL('gstreamer-cameras.py', import.meta.url));
const login = { user: 'ada', password: 'p@ss' };
/** Of the clips; a key frame a second. */
const framesPerSecond = 15;
/** A picture may be late by one: GStreamer's times are rounded. */
const pauseSecondsMax = 2.5 / framesPerSecond;

const hasServer = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer";
if (spawnSync(python, ['-c', hasServer]).status !== 0) {
  skip('cameras that are not ours', `NOTHING WAS CHECKED. ${python} finds no GstRtspServer; the head of this script says what to install`);
  process.exit(closeChecks());
}

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nightjar-gstreamer-'));

/** Half an hour of an 8 s clip, with AAC. At its end a stream ends. */
async function makeClip(name, encoder) {
  const [short, file] = [path.join(scratch, `${name}-short.mp4`), path.join(scratch, `${name}.mp4`)];
  const sources = ['-f', 'lavfi', '-i', `testsrc2=s=640x360:r=${framesPerSecond}`, '-f', 'lavfi', '-i', 'sine=440:r=16000', '-t', '8'];
  await ffmpeg([...sources, ...encoder, '-preset', 'ultrafast', '-crf', '38', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '48k', short]);
  await ffmpeg(['-stream_loop', '225', '-i', short, '-c', 'copy', file]);
  return file;
}
const h264 = await makeClip('h264', ['-c:v', 'libx264', '-bf', '0', '-g', String(framesPerSecond)]);
const keyframes = `keyint=${framesPerSecond}:min-keyint=${framesPerSecond}`;
const h265 = await makeClip('h265', ['-c:v', 'libx265', '-tag:v', 'hvc1', '-x265-params', `log-level=error:bframes=0:${keyframes}`]);

const cameras = {
  tcp: { file: h264, codec: 'h264', sound: false, udpOnly: false, asked: { rtsp_transport: 'tcp' } },
  udp: { file: h264, codec: 'h264', sound: false, udpOnly: false, asked: { rtsp_transport: 'udp' } },
  udponly: { file: h264, codec: 'h264', sound: false, udpOnly: true, asked: {} },
  hevc: { file: h265, codec: 'h265', sound: true, udpOnly: false, asked: { audio_enabled: true } },
  watched: { file: h265, codec: 'h265', sound: false, udpOnly: false, asked: { recording_enabled: false } },
};
const recorded = Object.keys(cameras).filter((name) => cameras[name].asked.recording_enabled !== false);
const ffmpegNameOf = (name) => (cameras[name].codec === 'h265' ? 'hevc' : 'h264');

/** The process with all cameras. Lives again at the same port. */
const devices = {
  port: 0,
  async start() {
    const streams = Object.entries(cameras).map(([name, { asked: _asked, ...stream }]) => ({ path: `/${name}`, ...stream }));
    const options = JSON.stringify({ port: this.port, ...login, streams });
    this.child = spawn(python, [server, options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(this.child.stdout, 'data');
    this.port = JSON.parse(line.toString()).port;
  },
  async kill() {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  },
};

/** Clips of a camera so far, oldest first. */
const clipsOf = async (nvr, name) => {
  const now = Date.now() / 1_000;
  return (await nvr.get(`recordings/${name}?start_unix=${now - 3_600}&end_unix=${now + 60}`)).json;
};
const secondsOf = (clips) => clips.reduce((sum, { duration_seconds: seconds }) => sum + seconds, 0);

async function download(nvr, route, file) {
  const { bytes } = await nvr.get(route);
  fs.writeFileSync(file, bytes);
  return judgeMedia(file);
}

/** One file, played: right codec, no complaint, no hole. */
function assertPlays(media, name, { secondsMin, sound = cameras[name].asked.audio_enabled === true }) {
  const { complaints, longestPauseSeconds, pictures, seconds } = media;
  assert.equal(media.video, ffmpegNameOf(name));
  assert.equal(media.sound, sound ? 'aac' : undefined);
  assert.equal(complaints, '');
  assert.ok(seconds >= secondsMin, `${seconds} s instead of ${secondsMin}`);
  assert.ok(pictures >= secondsMin * framesPerSecond * 0.95, `${pictures} pictures in ${seconds} s`);
  assert.ok(longestPauseSeconds <= pauseSecondsMax, `a pause of ${longestPauseSeconds} s`);
}

async function checkLive(nvr, name) {
  const seen = nvr.watch(name);
  try {
    await eventually(`live video of ${name}`, () => seen.media.length >= 13);
  } finally {
    seen.close();
  }
  const { mime, video_codec: codec } = seen.told.find(({ event }) => event === 'begin');
  const sound = cameras[name].asked.audio_enabled ? ',mp4a\\.40\\.2' : '';
  const video = cameras[name].codec === 'h265' ? 'hvc1\\.1\\.6\\.L\\d+\\.[0-9a-f.]+' : 'avc1\\.[0-9a-f]{6}';
  assert.match(mime, new RegExp(`^video/mp4; codecs="${video}${sound}"$`));
  assert.equal(codec, ffmpegNameOf(name));
  const file = path.join(scratch, `${name}-live.mp4`);
  fs.writeFileSync(file, Buffer.concat(seen.media));
  assertPlays(await judgeMedia(file), name, { secondsMin: 2 });
  console.log(`     ${name}: ${mime}, first picture after ${Math.round(seen.firstPictureMs)} ms`);
}

async function checkHls(nvr, name) {
  const { url } = (await nvr.post(`cameras/${name}/live/ticket`, {})).json;
  const playlist = await eventually(`a playlist of ${name}`, async () => (await nvr.get(url)).bytes.toString());
  assert.match(playlist, /#EXT-X-PART:/);
  const file = path.join(scratch, `${name}-hls.mp4`);
  await ffmpeg(['-live_start_index', '0', '-i', `${nvr.url}${url}`, '-t', '3', '-c', 'copy', file]);
  assertPlays(await judgeMedia(file), name, { secondsMin: 2.5 });
}

async function checkPlayback(nvr, name) {
  const clips = await clipsOf(nvr, name);
  const range = { start: clips[0].start_unix + 2, end: clips[0].start_unix + 10 };
  const query = `start_unix=${range.start}&end_unix=${range.end}`;
  assertPlays(await download(nvr, `recordings/${name}/clip.mp4?${query}`, path.join(scratch, `${name}-clip.mp4`)), name, { secondsMin: 8 });
  const iso = (unix) => new Date(unix * 1_000).toISOString();
  const begun = await nvr.get(`recordings/playback/hls?camera_id=${name}&start=${iso(range.start)}&end=${iso(range.end)}`);
  const played = path.join(scratch, `${name}-played.mp4`);
  await ffmpeg(['-i', `${nvr.url}${begun.json.manifest_url}`, '-c', 'copy', played]);
  assertPlays(await judgeMedia(played), name, { secondsMin: 7.5 });
  const asked = { camera_id: name, start: iso(range.start), end: iso(range.end), filename: name };
  const { id } = (await nvr.post('exports', asked, 202)).json;
  await eventually(`an export of ${name}`, async () => (await nvr.get(`exports/${id}`)).json.state === 'ready');
  assertPlays(await download(nvr, `exports/${id}/file`, path.join(scratch, `${name}-export.mp4`)), name, { secondsMin: 7.5 });
  const { bytes } = await nvr.get(`recordings/${name}/frame.jpg?at_unix=${range.start + 1}`);
  assert.equal(bytes.readUInt16BE(0), 0xffd8);
}

async function checkPictures(nvr, name) {
  const { bytes } = await eventually(`a picture of ${name}`, () => nvr.get(`cameras/${name}/snapshot`));
  assert.equal(bytes.readUInt16BE(0), 0xffd8);
  const answer = await fetch(`${nvr.url}/api/v1/cameras/${name}/live.mjpeg?fps=2`, { headers: nvr.headers });
  assert.match(answer.headers.get('content-type'), /^multipart\/x-mixed-replace/);
  let text = '';
  for await (const chunk of answer.body) {
    text += Buffer.from(chunk).toString('latin1');
    if ((text.match(/Content-Type: image\/jpeg/g) ?? []).length >= 2) break;
  }
}

async function checkAll(nvr) {
  for (const [name, { asked, codec }] of Object.entries(cameras)) {
    await check(`${name}: the camera is tried out, and saved`, async () => {
      const where = { rtsp_url: `rtsp://127.0.0.1:${devices.port}/${name}`, username: login.user, password: login.password };
      await nvr.post('cameras', { name, frames_name: name, ...where, ...asked });
      const { json } = await nvr.post(`cameras/${name}/test-connection`, {});
      assert.deepEqual([json.success, json.video_codec, json.width], [true, codec === 'h265' ? 'hevc' : codec, 640], JSON.stringify(json));
    });
  }
  await check(`all are recorded for ${recordMs / 1_000} s`, async () => {
    const all = async () => Promise.all(recorded.map(async (name) => secondsOf(await clipsOf(nvr, name)) >= recordMs / 1_000));
    await eventually('recordings', async () => (await all()).every(Boolean), { withinMs: recordMs + 60_000 });
  });
  for (const name of Object.keys(cameras)) {
    await check(`${name}: is watched live on a WebSocket, by its right codec`, () => checkLive(nvr, name));
    await check(`${name}: is watched live in HLS with parts`, () => checkHls(nvr, name));
    await check(`${name}: has a snapshot, and pictures for who can't play it`, () => checkPictures(nvr, name));
  }
  for (const name of recorded) await check(`${name}: a range plays as MP4 and HLS, and is exported`, () => checkPlayback(nvr, name));
  await showUnknownCodec({ nvr, camera: 'watched' });
  await checkReturn(nvr);
  await nvr.recorder.kill('SIGTERM');
  for (const name of recorded)
    await check(`${name}: each file is as long as its row says, without a hole or an error`, () => checkFiles(nvr, name));
}

async function checkReturn(nvr) {
  await check('a camera that dies is said to be offline, and recorded again when it is back', async () => {
    await devices.kill();
    const statusOf = async (name) => (await nvr.get(`cameras/${name}`)).json;
    await eventually('offline', async () => (await statusOf('tcp')).status === 'offline', { withinMs: 60_000 });
    assert.match((await statusOf('tcp')).status_reason, /nobody listens|ended|cut/);
    const backMs = Date.now();
    await devices.start();
    const isBack = async (name) =>
      (await clipsOf(nvr, name)).some((clip) => clip.start_unix * 1_000 > backMs - 2_000 && clip.duration_seconds > 3);
    await eventually('all recorded again', async () => (await Promise.all(recorded.map(isBack))).every(Boolean), { withinMs: 90_000 });
  });
}

async function checkFiles(nvr, name) {
  const { uuid } = (await nvr.get(`cameras/${name}`)).json;
  const clips = await clipsOf(nvr, name);
  const files = filesBelow(path.join(nvr.recordingsDir, uuid), '.mp4');
  assert.equal(files.length, clips.length);
  for (const [index, file] of files.entries()) {
    const media = await judgeMedia(file);
    const { duration_seconds: seconds } = clips[index];
    assertPlays(media, name, { secondsMin: Math.max(0, seconds - 0.2) });
    assert.ok(Math.abs(media.seconds - seconds) < 0.2, `${media.seconds} s, and ${seconds} s in the row`);
  }
  const gaps = clips.slice(1).map(({ start_unix: start }, index) => start - clips[index].end_unix);
  assert.ok(gaps.filter((gap) => gap > 0.5).length <= 1, `gaps of ${gaps.join(', ')} s: more than the one of the restart`);
  console.log(
    `     ${name}: ${files.length} files, ${secondsOf(clips).toFixed(1)} s, gaps of ${gaps.map((gap) => gap.toFixed(2)).join(' ')} s`,
  );
}

let nvr;
let code = 1;
try {
  await devices.start();
  nvr = await openNvr({ scratch, settings: { NIGHTJAR_SEGMENT_SECONDS: '5' }, withAgent: true });
  await checkAll(nvr);
  code = closeChecks();
} finally {
  await nvr?.stop();
  await devices.kill();
  if (code === 0) fs.rmSync(scratch, { recursive: true, force: true });
  else console.log(`what is left is in ${scratch}`);
}
process.exit(code);
