import { iou, type BoxXyxy } from '@nightjar/geometry';
import type { TrackableDetection } from './byte-tracker.js';

/** A detection whose person is known; 0: a false alarm. */
interface KnownDetection extends TrackableDetection {
  person: number;
}

export interface SceneFrame {
  atMs: number;
  detections: KnownDetection[];
}

/** Numbers between 0 and 1 that are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Walker {
  x: number;
  speed: number;
  floor: number;
  height: number;
}

/**
 * People who walk to and fro in front of a camera of 1280 × 720: they cross each other, whoever is nearer hides the one behind, boxes
 * tremble, detections fail now and then, and some are nobody.
 */
export function crowdScene(options: { seed: number; persons: number; framesPerSecond: number; seconds: number }): SceneFrame[] {
  const { framesPerSecond, persons, seconds, seed } = options;
  const random = randomNumbers(seed);
  const between = (least: number, most: number) => least + random() * (most - least);
  const walkers: Walker[] = Array.from({ length: persons }, () => {
    const height = between(90, 220);
    return { x: between(100, 1_180), speed: between(60, 180) * (random() < 0.5 ? -1 : 1), floor: 250 + 2 * height, height };
  });
  return Array.from({ length: framesPerSecond * seconds }, (_, frame) => {
    for (const walker of walkers) {
      walker.x += walker.speed / framesPerSecond;
      if (walker.x < 60 || walker.x > 1_220) walker.speed *= -1;
    }
    const boxes = walkers.map(boxOf);
    const detections = boxes.flatMap((box, index): KnownDetection[] => {
      const hidden = Math.max(0, ...boxes.map((other, at) => (walkers[at]!.floor > walkers[index]!.floor ? iou(box, other) : 0)));
      if (hidden > 0.55 || random() < 0.03) return [];
      const score = hidden > 0.25 ? between(0.15, 0.4) : between(0.6, 0.95);
      return [{ box: tremble(box, between), score, label: 'person', person: index + 1 }];
    });
    if (random() < 0.05) detections.push({ ...falseAlarm(between), person: 0 });
    return { atMs: (frame * 1_000) / framesPerSecond, detections };
  });
}

function boxOf({ x, floor, height }: Walker): BoxXyxy {
  return { x1: x - height * 0.2, y1: floor - height, x2: x + height * 0.2, y2: floor };
}

function tremble({ x1, y1, x2, y2 }: BoxXyxy, between: (least: number, most: number) => number): BoxXyxy {
  const by = () => between(-0.02, 0.02) * (y2 - y1);
  return { x1: x1 + by(), y1: y1 + by(), x2: x2 + by(), y2: y2 + by() };
}

function falseAlarm(between: (least: number, most: number) => number): TrackableDetection {
  const [x, y] = [between(0, 1_200), between(0, 500)];
  return { box: { x1: x, y1: y, x2: x + 50, y2: y + 120 }, score: between(0.2, 0.6), label: 'person' };
}
