// What a frame costs the tracker: 100 tracks against 100 detections, apart and in a crowd where everybody overlaps with somebody.
// usage: node bench/tracking/run.mjs [--frames 600]     build first: npx tsc -b libs/tracking
import os from 'node:os';
import { parseArgs } from 'node:util';
import { ByteTracker } from '../../libs/tracking/dist/index.js';

const barMs = 2;
const objects = 100;
const { values } = parseArgs({ options: { frames: { type: 'string', default: '600' } } });
const frames = Number(values.frames);

const [cpu] = os.cpus();
console.log(`${cpu.model}, ${os.cpus().length} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 16)} UTC`);
console.log(`${objects} tracks × ${objects} detections, ${frames} frames at 10 fps; the bar is ${barMs} ms in the middle`);
for (const [name, apart] of [
  ['apart', 120],
  ['in a crowd', 25],
]) {
  const tracker = new ByteTracker({ maxTracks: objects });
  const timesMs = [];
  for (let frame = 0; frame < frames; frame++) {
    const detections = Array.from({ length: objects }, (_, index) => detectionAt(index, frame, apart));
    const began = performance.now();
    tracker.update(detections, frame * 100);
    if (frame >= 100) timesMs.push(performance.now() - began);
  }
  timesMs.sort((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => timesMs[Math.floor(timesMs.length * share)]);
  const verdict = p50 <= barMs ? 'holds' : 'MISSED';
  console.log(`  ${name}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${tracker.counts.tracks} tracks: ${verdict}`);
}

/** Ten rows of ten who sway to and fro; every fifth is half hidden. */
function detectionAt(index, frame, apart) {
  const x = (index % 10) * apart + 10 * Math.sin(frame / 7 + index);
  const y = Math.floor(index / 10) * apart * 1.5;
  return { box: { x1: x, y1: y, x2: x + 40, y2: y + 100 }, score: index % 5 === 0 && frame % 3 > 0 ? 0.3 : 0.8, label: 'person' };
}
