// How long after something begins to move a sleeping camera is awake, and how often it wakes for nothing. Real encoded streams, our
// own watch, motion and policy, in the time of the stream instead of ours: an hour takes seconds.
import { execFileSync } from 'node:child_process';
import { DecodePolicy } from '../../apps/agent/dist/decode/decode-policy.js';
import { SeenScene } from '../../apps/agent/dist/looks/seen-scene.js';
import { MotionDetector } from '../../apps/agent/dist/sampling/motion-detector.js';
import { UnitWatcher } from '../../apps/agent/dist/sampling/unit-watcher.js';
import { decodeFrames, findFfmpeg, UnitSplitter } from '../../libs/media/dist/index.js';
import { systemClock } from '../../libs/runtime/dist/index.js';

const picture = { width: 1_280, height: 720 };
const lookMs = 480;
const idleLookMs = 1_000;
const idleLookSeparatedMs = 4_000;

/** Plays a scene, `rounds` times in a row, through the watch as apps/agent/src/decode/watched-stream.ts does. */
export async function playScene({ file, times, fps }, { idleAfterMs = 60_000, rounds = 1 } = {}) {
  const once = unitsOf(file);
  const units = Array.from({ length: rounds }, () => once).flat();
  const planes = await planesOf(file, fps);
  const policy = new DecodePolicy({ idleAfterMs });
  const watcher = new UnitWatcher();
  const motion = new MotionDetector();
  const scene = new SeenScene(0.45);
  const seen = { wakes: [], falseWakes: 0, pictures: 0, asked: 0, idleMs: 0, movingMs: [] };
  let lookedMs = Number.NEGATIVE_INFINITY;
  const look = (index, nowMs) => {
    lookedMs = nowMs;
    seen.pictures++;
    const observed = motion.observe(planes[Math.min(index % once.length, planes.length - 1)], nowMs);
    if (observed.verdict === 'moving') {
      watcher.sawMotion(nowMs);
      seen.movingMs.push(nowMs);
      wake('motion', nowMs);
    } else if (observed.verdict === 'quiet') watcher.sawQuiet(nowMs);
    else watcher.skip();
    const known = observed.verdict === 'moving' || observed.verdict === 'quiet';
    const planned = scene.plan(known ? observed.motion : undefined, picture, []);
    if (planned) {
      seen.asked++;
      scene.take(planned, { found: [], picture, input: picture });
    }
  };
  const wake = (activity, nowMs) => {
    if (policy.happens(activity, nowMs)) seen.wakes.push({ nowMs, activity });
  };
  policy.want('motion', 0);
  units.forEach(({ bytes, isKey }, index) => {
    const nowMs = (index * 1_000) / fps;
    if (watcher.observe({ bytes, isKey }, nowMs)) wake('unit_jump', nowMs);
    if (policy.tick(nowMs) && policy.current.reason === 'false_jump') {
      watcher.sawFalseJump(nowMs);
      seen.falseWakes++;
    }
    const idle = policy.current.state === 'idle';
    if (idle) seen.idleMs += 1_000 / fps;
    const dueMs = idle ? (watcher.separation === 'separates' ? idleLookSeparatedMs : idleLookMs) : lookMs;
    if ((!idle || isKey) && nowMs - lookedMs >= dueMs) look(index, nowMs);
  });
  const inWalk = (nowMs) => times.some(([from, to]) => nowMs >= from * 1_000 - 100 && nowMs <= to * 1_000 + 2_000);
  const delaysMs = times.map(([from, to]) => {
    const woken = seen.wakes.find(({ nowMs }) => nowMs >= from * 1_000 - 1 && nowMs <= to * 1_000 + 2_000);
    return woken ? woken.nowMs - from * 1_000 : undefined;
  });
  return {
    ...seen,
    separation: watcher.separation,
    delaysMs,
    missed: times.filter(([from, to]) => !seen.movingMs.some((nowMs) => nowMs >= from * 1_000 && nowMs <= to * 1_000 + 500)).length,
    wakesForNothing: seen.wakes.filter(({ nowMs }) => !inWalk(nowMs)).length,
    alwaysAsked: Math.floor(((units.length / fps) * 1_000) / 500),
    hours: units.length / fps / 3_600,
  };
}

export function unitsOf(file) {
  const stream = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-c', 'copy', '-f', 'mpegts', '-omit_video_pes_length', '0', '-'], {
    maxBuffer: 2 ** 30,
  });
  const splitter = new UnitSplitter();
  return [...splitter.push(stream), ...splitter.end()].map(({ bytes, isKey }) => ({ bytes: bytes.length, isKey }));
}

async function planesOf(file, fps) {
  const planes = [];
  const frames = decodeFrames({
    ffmpeg: await findFfmpeg(),
    input: { kind: 'file', path: file },
    samplesPerSecond: fps,
    samplesPerPicture: 100_000,
    signal: new AbortController().signal,
    clock: systemClock,
  });
  for await (const { luma } of frames) planes.push(luma);
  return planes;
}
