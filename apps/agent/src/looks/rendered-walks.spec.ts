import { describe, expect, it } from '@jest/globals';
import { boxArea, clipBox, scaleBox, type BoxXyxy } from '@nightjar/geometry';
import type { LumaPlane } from '@nightjar/media';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import { begin } from '../analytics/analytic.fixture.js';
import { lineCrossing } from '../analytics/zones/line-crossing.js';
import { TrackObserver } from '../analytics/track-observer.js';
import type { FrameMotion, FrameResult } from '../analytics/frame-result.js';
import { MotionDetector } from '../sampling/motion-detector.js';
import { SeenScene, wholeLook, type Look, type LookAnswer } from './seen-scene.js';

const picture = { width: 1_280, height: 720 };
const plane = { width: 160, height: 90 };
const input = { width: 416, height: 416 };
const framesPerSecond = 4;

/** Somebody of the scene: from where to where, when (in seconds), of what height. */
interface Walk {
  from: { x: number; y: number };
  to: { x: number; y: number };
  begins: number;
  ends: number;
  height: number;
}

/** Five cross the middle in turn, two of them at once in both directions; one far away; one stands all the time, one comes and stays. */
const walks: readonly Walk[] = [
  { from: { x: -60, y: 420 }, to: { x: 1_340, y: 430 }, begins: 20, ends: 34, height: 220 },
  { from: { x: 1_340, y: 600 }, to: { x: -60, y: 600 }, begins: 40, ends: 52, height: 180 },
  { from: { x: -60, y: 330 }, to: { x: 1_340, y: 330 }, begins: 42, ends: 56, height: 200 },
  { from: { x: 1_340, y: 180 }, to: { x: -60, y: 190 }, begins: 60, ends: 84, height: 60 },
  { from: { x: 300, y: 800 }, to: { x: 330, y: 420 }, begins: 90, ends: 96, height: 240 },
  { from: { x: 1_100, y: 400 }, to: { x: 1_100, y: 400 }, begins: -1, ends: 1_000, height: 150 },
];
const seconds = 120;

function standing(atSeconds: number): BoxXyxy[] {
  return walks.flatMap(({ begins, ends, from, height, to }, index) => {
    const staysOn = index === 4 && atSeconds > ends;
    if (atSeconds < begins || (atSeconds > ends && !staysOn)) return [];
    const share = Math.min(1, (atSeconds - begins) / (ends - begins));
    const [x, y, halfWidth] = [from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share, height / 5];
    const box = clipBox({ x1: x - halfWidth, y1: y - height / 2, x2: x + halfWidth, y2: y + height / 2 }, picture);
    return boxArea(box) > height * halfWidth ? [box] : [];
  });
}

let seed = 7;
const noise = () => ((seed = (seed * 69_069 + 12_345) % 0x7fffffff) % 7) - 3;

function render(atSeconds: number): LumaPlane {
  const pixels = new Uint8Array(plane.width * plane.height);
  for (let at = 0; at < pixels.length; at++) pixels[at] = 60 + ((at % plane.width) >> 2) + noise();
  for (const box of standing(atSeconds).map((one) => scaleBox(one, plane.width / picture.width, plane.height / picture.height)))
    for (let y = Math.round(box.y1); y < Math.round(box.y2); y++)
      for (let x = Math.round(box.x1); x < Math.round(box.x2); x++) pixels[y * plane.width + x] = 190 + noise();
  return { ...plane, pixels };
}

/** A detector that sees what has 20 pixels of height in its input, and of what a region cuts only the part inside. */
function detect(atSeconds: number, look: Look): LookAnswer & { runs: number } {
  const regions = look.regions ?? wholeRegions;
  const found = regions.flatMap(({ box: region, pixelsPerInput }, index) =>
    standing(atSeconds).flatMap((person) => {
      const box = {
        x1: Math.max(person.x1, region.x1),
        y1: Math.max(person.y1, region.y1),
        x2: Math.min(person.x2, region.x2),
        y2: Math.min(person.y2, region.y2),
      };
      const isSeen = box.x1 < box.x2 && boxArea(box) > 0.25 * boxArea(person) && (box.y2 - box.y1) / pixelsPerInput >= 20;
      return isSeen ? [{ box, score: 0.8, label: 'person', region: look.regions && index }] : [];
    }),
  );
  return { found, picture, input, runs: regions.length };
}
const wholeRegions = [{ box: { x1: 0, y1: 0, x2: picture.width, y2: picture.height }, pixelsPerInput: picture.height / input.height }];

/** Plays the scene as FrameAnalysis does. `always`: the whole of every frame is looked at. */
function play(kind: 'regions' | 'always') {
  seed = 7;
  const motion = new MotionDetector();
  const scene = new SeenScene(defaultByteTrackerOptions.highScore);
  const tracker = new ByteTracker();
  const observer = new TrackObserver();
  const crossing = begin(lineCrossing, { line: { a: [0.5, 0], b: [0.5, 1] } });
  const seen = { counts: [] as number[], crossings: [] as unknown[], runs: 0, asked: 0, tracks: new Set<number>() };
  let tracks: FrameResult['tracks'] = [];
  for (let frame = 0; frame < seconds * framesPerSecond; frame++) {
    const atSeconds = frame / framesPerSecond;
    const { motion: moved, verdict } = motion.observe(render(atSeconds), atSeconds * 1_000);
    const known: FrameMotion | undefined = verdict === 'moving' || verdict === 'quiet' ? moved : undefined;
    const look = kind === 'always' ? wholeLook([wholeRegions[0]!.box]) : scene.plan(known, picture, tracks);
    if (look) {
      const { runs, ...answer } = detect(atSeconds, look);
      scene.take(look, answer);
      seen.asked++;
      seen.runs += runs;
    }
    const monotonicMs = atSeconds * 1_000;
    tracks = tracker.update(scene.objects, monotonicMs).map(({ detection, trackId, hits }) => ({
      ...detection,
      ...observer.observe({ trackId, ...detection }, monotonicMs),
      trackId,
      hits,
    }));
    for (const { trackId } of tracks) seen.tracks.add(trackId);
    seen.counts.push(scene.objects.length);
    const size = { w: picture.width, h: picture.height };
    const { alerts = [] } = crossing.update({
      frame: { picture: { bytes: Buffer.alloc(0), ...picture }, capturedAtMs: monotonicMs, monotonicMs },
      picture: size,
      tracks,
      found: [...scene.objects],
      motion: known,
    });
    seen.crossings.push(...alerts.map(({ details }) => (details as { direction?: unknown }).direction));
  }
  return seen;
}

describe('a rendered minute or two of which is known who walked where', () => {
  const regions = play('regions');
  const always = play('always');
  const truth = Array.from({ length: seconds * framesPerSecond }, (_, frame) => standing(frame / framesPerSecond).length);
  const wrong = (counts: readonly number[]) => counts.filter((count, frame) => count !== truth[frame]).length;

  it('is counted and crossed as with a look at the whole of every frame, with fewer questions and runs of the model', () => {
    expect(always.crossings).toHaveLength(4);
    expect([...regions.crossings].sort()).toEqual([...always.crossings].sort());
    expect(wrong(regions.counts)).toBeLessThanOrEqual(wrong(always.counts));
    expect(regions.tracks.size).toBe(walks.length);
    expect(regions.asked).toBeLessThan(0.75 * always.asked);
    expect(regions.runs).toBeLessThan(always.runs);
  });
});
