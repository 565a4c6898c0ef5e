// P15: a video job with all stages on, against nothing but decoding the same file on the same cores.
// usage: node bench/jobs/video-job.mjs [--pairs 3] [--seconds 30]     build first: npx tsc -b
import { execFile } from 'node:child_process';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { analyseVideo } from '../../apps/agent/dist/jobs/video/analyse-video.js';
import { photographs } from '../adapter/bench-pictures.mjs';
import { describeRun, measurePairs, show, spreadOf } from '../adapter/pairs.mjs';
import { cpuMsOf, openBench } from '../adapter/processes.mjs';
import { describeMachine, measure, startParts } from './job-bench.mjs';

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '3' }, seconds: { type: 'string', default: '30' } },
});
const seconds = Number(values.seconds);
const secondsPerScene = 10;
const bench = openBench();
try {
  console.log(describeMachine());
  const { adapter, parts } = await startParts(bench);
  const file = path.join(bench.dir, 'video.mp4');
  await renderVideo(parts.ffmpeg.path, file);
  for (const threads of [1, 0]) {
    const run = await measurePairs({
      pairs: Number(values.pairs),
      baseline: () => measure(cpuMsOf, [], () => decodeOnly(parts.ffmpeg.path, file, threads)),
      subject: () => measure(cpuMsOf, adapter.pids, () => analyse(file, parts)),
      // Wall clocks of a busy machine move two or three times over, and both sides of a pair by about as much.
      steady: ({ cpuMs }) => cpuMs.ffmpeg,
    });
    const speed = ({ wallMs }) => (1_000 * seconds) / wallMs;
    const perSecond = (part) => spreadOf(run, (_decode, job) => job.cpuMs[part] / seconds);
    console.log(
      `\nmedia seconds a second, job / decode on ${threads === 0 ? 'all cores' : 'one core, as the job decodes'}: ${show(
        spreadOf(run, (decode, job) => speed(job) / speed(decode)),
      )}   [floor 0.5, goal 0.8]`,
    );
    console.log(
      `  decode ${show(spreadOf(run, speed), 1)} x real time, job ${show(
        spreadOf(run, (_decode, job) => speed(job)),
        1,
      )} x real time`,
    );
    console.log(
      `  CPU-ms a media second: decode alone ${show(
        spreadOf(run, (decode) => decode.cpuMs.ffmpeg / seconds),
        0,
      )}; job: FFmpeg ${show(perSecond('ffmpeg'), 0)}, agent ${show(perSecond('agent'), 0)}, adapter ${show(perSecond('adapter'), 0)}`,
    );
    const jobCpu = ({ cpuMs }) => cpuMs.ffmpeg + cpuMs.agent + cpuMs.adapter;
    console.log(`  CPU-ms, decode / all of the job: ${show(spreadOf(run, (decode, job) => decode.cpuMs.ffmpeg / jobCpu(job)))}`);
    console.log(`  ${describeRun(run)}`);
  }
} finally {
  await bench.close();
}

/**
 * 1080p, 30 frames a second, 4 Mbit/s, with the noise of a sensor. In turn: a camera that moves over people, and one that stands
 * still in a room through which somebody passes.
 */
async function renderVideo(ffmpegPath, outputFile) {
  const count = Math.ceil(seconds / secondsPerScene);
  const size = '1920:1080';
  const inputs = [];
  const graph = [];
  for (let scene = 0; scene < count; scene++) {
    const photograph = ['-loop', '1', '-framerate', '30', '-t', String(secondsPerScene), '-i', photographs[scene % photographs.length]];
    const first = inputs.length;
    if (scene % 2 === 0) {
      inputs.push(photograph);
      graph.push(`[${first}]scale=2080:1170:force_original_aspect_ratio=increase,crop=${size}:x='(in_w-out_w)*t/10':y=0[shown${scene}]`);
    } else {
      inputs.push(['-f', 'lavfi', '-t', String(secondsPerScene), '-i', 'color=c=0x8a8f94:s=1920x1080:r=30'], photograph);
      graph.push(
        `[${first}]drawbox=y=730:h=350:color=0x5b5048:t=fill,drawbox=x=200:y=160:w=480:h=330:color=0xb8c4cf:t=fill[room${scene}]`,
        `[${first + 1}]crop=iw*0.32:ih:iw*0.1:0,scale=-2:900[person${scene}]`,
        `[room${scene}][person${scene}]overlay=x='-w+(W+w)*(t-2)/6':y=180:enable='between(t,2,8)':shortest=1[shown${scene}]`,
      );
    }
    graph.push(`[shown${scene}]fps=30,noise=alls=6:allf=t,format=yuv420p,setsar=1[s${scene}]`);
  }
  const joined = Array.from({ length: count }, (_unused, scene) => `[s${scene}]`).join('');
  graph.push(`${joined}concat=n=${count}:v=1:a=0[out]`);
  await promisify(execFile)(
    ffmpegPath,
    [
      ...['-v', 'error', '-nostdin', '-y', ...inputs.flat(), '-filter_complex', graph.join(';'), '-map', '[out]', '-t', String(seconds)],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '4M', '-maxrate', '4M', '-bufsize', '8M', '-g', '60', outputFile],
    ],
    { timeout: 300_000 },
  );
}

function decodeOnly(ffmpegPath, file, threads) {
  return promisify(execFile)(ffmpegPath, ['-v', 'error', '-nostdin', '-threads', String(threads), '-i', file, '-an', '-f', 'null', '-']);
}

async function analyse(file, parts) {
  const job = { jobId: 'video_bench', path: file, progress: { value: 0, stage: '' }, signal: new AbortController().signal };
  const { result } = await analyseVideo(job, parts);
  if (result.person_constellation_scenes.length === 0 || result.incomplete_stages) throw new Error('the job did not do its work');
  return result;
}
