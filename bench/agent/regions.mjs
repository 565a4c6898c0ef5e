// What the cheap watch saves at the detector and what it misses: the agent's watch, motion, regions, tracker and events over a scene with
// walking people, against the same with the detector at every picture. Real model, real adapter, in the time of the stream.
// usage: node bench/agent/regions.mjs [--walks 8]     build first: npx tsc -b
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PersonPresence } from '../../apps/agent/dist/analytics/person-presence.js';
import { DecodePolicy } from '../../apps/agent/dist/decode/decode-policy.js';
import { MotionDetector } from '../../apps/agent/dist/sampling/motion-detector.js';
import { UnitWatcher } from '../../apps/agent/dist/sampling/unit-watcher.js';
import { FrameAnalysis } from '../../apps/agent/dist/streams/frame-analysis.js';
import { decodeFrames } from '../../libs/media/dist/index.js';
import { createLogger, systemClock } from '../../libs/runtime/dist/index.js';
import { readLabelledPictures } from '../accuracy/labelled-pictures.mjs';
import { photographs } from '../adapter/bench-pictures.mjs';
import { openBench } from '../adapter/processes.mjs';
import { describeMachine, startParts } from '../jobs/job-bench.mjs';
import { unitsOf } from './wake-up.mjs';

const { values } = parseArgs({ options: { walks: { type: 'string', default: '8' } } });
const size = { width: 1_280, height: 720 };
const framesPerSecond = 10;
/** Pictures that are looked at while everything is decoded: two a second. */
const framesPerLook = 5;
const gopSeconds = 2;
const idleAfterMs = 60_000;
const idleLookMs = 1_000;
const idleLookSeparatedMs = 4_000;
/** An event begins this long before or after somebody is to be seen, at most. */
const toleranceMs = 2_000;

const bench = openBench();
try {
  console.log(describeMachine());
  const { parts } = await startParts(bench);
  const scene = sceneOf(Number(values.walks));
  const file = path.join(bench.dir, 'walks.mp4');
  render(parts.ffmpeg.path, scene, file);
  const samples = await samplesOf(parts.ffmpeg, file);
  const units = unitsOf(file);
  const always = await run(parts.dispatcher, { samples, units, isAlways: true });
  const watched = await run(parts.dispatcher, { samples, units, isAlways: false });
  report(scene, always, watched);
} finally {
  await bench.close();
}

/** Who walks when: people of different sizes, half of whom stop on the way; every fourth is followed by a long pause. */
function sceneOf(count) {
  const people = readLabelledPictures(path.dirname(photographs[0]), fileURLToPath(new URL('../accuracy/labels', import.meta.url))).flatMap(
    ({ file, objects }) => (objects ?? []).filter(({ label, ignore }) => label === 'person' && !ignore).map(({ bbox }) => ({ file, bbox })),
  );
  const heights = [150, 300, 220, 420];
  const walks = [];
  for (let number = 0, fromSeconds = 20; number < count; number++, fromSeconds += number % 4 === 0 ? 100 : 30) {
    const stopsSeconds = number % 2 === 1 ? 4 : 0;
    walks.push({
      ...people[(number * 5) % people.length],
      height: heights[number % heights.length],
      fromSeconds,
      stopsSeconds,
      seconds: 8,
    });
  }
  return { walks, seconds: walks.at(-1).fromSeconds + 30 };
}

function render(ffmpegPath, { seconds, walks }, outputFile) {
  const room = ['-f', 'lavfi', '-t', String(seconds), '-i', `color=c=0x8a8f94:s=${size.width}x${size.height}:r=${framesPerSecond}`];
  const inputs = walks.flatMap(({ file }) => ['-loop', '1', '-framerate', String(framesPerSecond), '-t', '1', '-i', file]);
  const graph = ['[0:v]drawbox=y=500:h=220:color=0x5b5048:t=fill,drawbox=x=130:y=90:w=320:h=200:color=0xb8c4cf:t=fill[scene0]'];
  walks.forEach(({ bbox: [left, top, width, height], fromSeconds, height: shown, seconds: lasts, stopsSeconds }, number) => {
    const cut = `crop=${width}:${height}:${left}:${top},scale=-2:${shown},trim=end_frame=1,loop=-1:1,setpts=N/${framesPerSecond}/TB`;
    const walked = `(t-${fromSeconds}-clip(t-${fromSeconds + lasts / 2},0,${stopsSeconds}))/${lasts}`;
    const until = fromSeconds + lasts + stopsSeconds;
    graph.push(`[${number + 1}:v]${cut},trim=duration=${seconds}[person${number}]`);
    graph.push(
      `[scene${number}][person${number}]overlay=x='-w+(W+w)*${walked}':y=${690 - shown}:enable='between(t,${fromSeconds},${until})'[scene${number + 1}]`,
    );
  });
  graph.push(`[scene${walks.length}]noise=alls=4:allf=t,format=yuv420p[out]`);
  const encoder = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-bf', '0', '-g', String(gopSeconds * framesPerSecond)];
  const output = ['-map', '[out]', '-t', String(seconds), ...encoder, '-sc_threshold', '0', outputFile];
  execFileSync(ffmpegPath, ['-v', 'error', '-nostdin', '-y', ...room, ...inputs, '-filter_complex', graph.join(';'), ...output]);
}

/** A luma plane of each frame, and a picture of each that may be looked at. */
async function samplesOf(ffmpeg, file) {
  const samples = [];
  const input = { kind: 'file', path: file };
  const signal = new AbortController().signal;
  const options = { ffmpeg, input, samplesPerSecond: framesPerSecond, samplesPerPicture: framesPerLook, signal, clock: systemClock };
  for await (const { luma, picture } of decodeFrames(options)) samples.push({ luma, picture });
  return samples;
}

/** Plays the scene through the agent's parts, as watched-stream.ts and stream-analysis.ts call them. */
async function run(dispatcher, { isAlways, samples, units }) {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const presence = new PersonPresence();
  const events = [];
  const take = (changes) => events.push(...changes.filter(({ kind }) => kind === 'opened').map(() => ({ atMs: nowMs })));
  const analysis = new FrameAnalysis({
    dispatcher,
    lane: 'batch',
    timeoutMs: 120_000,
    results: { publish: () => undefined },
    events: {
      update: ({ frame, tracks }) => take(presence.update(tracks, { unixMs: frame.capturedAtMs, monotonicMs: frame.monotonicMs })),
    },
    analytics: { labels: ['person'], update: () => ({}) },
    clock,
    logger: createLogger({ service: 'bench', level: 'error' }),
  });
  const policy = new DecodePolicy({ idleAfterMs });
  const watcher = new UnitWatcher();
  const motion = new MotionDetector();
  const signal = new AbortController().signal;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let [looks, idleFrames] = [0, 0];
  policy.want('motion', 0);
  for (const [index, { luma, picture }] of samples.entries()) {
    nowMs = (index * 1_000) / framesPerSecond;
    const unit = units[index];
    if (!unit) break;
    if (watcher.observe(unit, nowMs)) policy.happens('unit_jump', nowMs);
    if (policy.tick(nowMs) && policy.current.reason === 'false_jump') watcher.sawFalseJump(nowMs);
    const isIdle = !isAlways && policy.current.state === 'idle';
    if (isIdle) idleFrames++;
    const everyMs = watcher.separation === 'separates' ? idleLookSeparatedMs : idleLookMs;
    const isLook = picture && (!isIdle || (unit.isKey && nowMs - lookedMs >= everyMs));
    if (!isLook) {
      if (isIdle && index % framesPerSecond === 0 && !analysis.again()) take(presence.update([], { unixMs: nowMs, monotonicMs: nowMs }));
      continue;
    }
    lookedMs = nowMs;
    looks++;
    const observed = motion.observe(luma, nowMs);
    if (observed.verdict === 'moving') watcher.sawMotion(nowMs);
    else if (observed.verdict === 'quiet') watcher.sawQuiet(nowMs);
    else watcher.skip();
    if (observed.verdict === 'moving' || observed.verdict === 'lighting')
      policy.happens(observed.verdict === 'moving' ? 'motion' : 'lighting', nowMs);
    const isKnown = observed.verdict === 'moving' || observed.verdict === 'quiet';
    const frame = { picture, capturedAtMs: nowMs, monotonicMs: nowMs, ...(isKnown && !isAlways ? { motion: observed.motion } : {}) };
    const { isActive } = await analysis.analyse(frame, { frames_name: isAlways ? 'always' : 'watched' }, signal);
    if (isActive) policy.happens('track', nowMs);
  }
  const { asked, regionsAsked } = analysis.counts;
  return { events, looks, asked, runs: regionsAsked, idleShare: idleFrames / samples.length, separation: watcher.separation };
}

function report({ seconds, walks }, always, watched) {
  const during = ({ fromSeconds, seconds: lasts, stopsSeconds }) => ({
    fromMs: fromSeconds * 1_000 - toleranceMs,
    toMs: (fromSeconds + lasts + stopsSeconds) * 1_000 + toleranceMs,
  });
  const firstIn = ({ events }, walk) => events.find(({ atMs }) => atMs >= during(walk).fromMs && atMs <= during(walk).toMs);
  const isOfWalk = ({ atMs }) => walks.some((walk) => atMs >= during(walk).fromMs && atMs <= during(walk).toMs);
  const share = (part, whole) => `${((100 * part) / whole).toFixed(0)} %`;
  console.log(
    `\n${walks.length} walks in ${seconds} s, ${size.width} x ${size.height}, key frame every ${gopSeconds} s (${watched.separation})\n`,
  );
  console.log('| | every picture | the watch | of it |\n|---|---|---|---|');
  for (const [what, key] of [
    ['pictures looked at', 'looks'],
    ['questions to an adapter', 'asked'],
    ['runs of the model (regions)', 'runs'],
  ])
    console.log(`| ${what} | ${always[key]} | ${watched[key]} | ${share(watched[key], always[key])} |`);
  console.log(
    `| walks with an event | ${walks.filter((walk) => firstIn(always, walk)).length} | ${walks.filter((walk) => firstIn(watched, walk)).length} | |`,
  );
  console.log(`| events | ${always.events.length} | ${watched.events.length} | |`);
  console.log(
    `| events while nobody walks | ${always.events.filter((event) => !isOfWalk(event)).length} | ${watched.events.filter((event) => !isOfWalk(event)).length} | |`,
  );
  const missed = walks.filter((walk) => firstIn(always, walk) && !firstIn(watched, walk));
  console.log(
    `\nmissed by the watch of what every picture shows: ${missed.length}${missed.map(({ fromSeconds, height }) => `, at ${fromSeconds} s, ${height} pixels high`).join('')}`,
  );
  const later = walks.flatMap((walk) => {
    const [one, other] = [firstIn(always, walk), firstIn(watched, walk)];
    return one && other ? [other.atMs - one.atMs] : [];
  });
  later.sort((a, b) => a - b);
  console.log(
    `event later by: median ${later[later.length >> 1]} ms, at most ${later.at(-1)} ms; idle ${share(watched.idleShare, 1)} of the time`,
  );
}
