import { iou, type BoxXyxy } from '@nightjar/geometry';

/** Regions of one frame; what does not fit goes into one that covers the rest. */
export const motionRegionsMax = 8;
const growth = 1.35;
/** Smallest side of a region, as a share of the picture: a detector sees nothing in less. */
const sideShareMin = 0.15;
const sameIou = 0.7;
/** Pixels of the plane up to which two changes belong to one object. */
const gapPixels = 4;
/** Smaller groups are noise. */
const groupPixelsMin = 6;

interface PixelGroup {
  count: number;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/**
 * Where something moved: groups of changed pixels, those that are near each other as one, a third larger than they are, none
 * twice, eight at most.
 * @param mask one byte a pixel, row by row; 1: changed, 0: not
 * @returns boxes in shares of the picture, 0..1, the largest first
 */
export function motionRegions(mask: Uint8Array, size: { width: number; height: number }): BoxXyxy[] {
  const groups = joinNear(findGroups(mask, size).filter(({ count }) => count >= groupPixelsMin));
  groups.sort((a, b) => b.count - a.count);
  const kept = groups.slice(0, motionRegionsMax);
  const rest = groups.slice(motionRegionsMax);
  const last = kept.at(-1);
  if (last) for (const group of rest) join(last, group);
  const boxes = kept.map((group) => grow(group, size));
  return boxes.filter((box, index) => !boxes.slice(0, index).some((larger) => iou(larger, box) > sameIou));
}

/** Flood fill over the eight neighbours. */
function findGroups(mask: Uint8Array, { width, height }: { width: number; height: number }): PixelGroup[] {
  const left = mask.slice();
  const groups: PixelGroup[] = [];
  for (let start = left.indexOf(1); start >= 0; start = left.indexOf(1, start)) {
    const group: PixelGroup = { count: 0, x1: width, y1: height, x2: 0, y2: 0 };
    const stack = [start];
    left[start] = 0;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const x = at % width;
      const y = (at - x) / width;
      include(group, x, y);
      for (let nextY = Math.max(0, y - 1); nextY <= Math.min(height - 1, y + 1); nextY++)
        for (let nextX = Math.max(0, x - 1); nextX <= Math.min(width - 1, x + 1); nextX++) {
          const next = nextY * width + nextX;
          if (left[next] === 0) continue;
          left[next] = 0;
          stack.push(next);
        }
    }
    groups.push(group);
  }
  return groups;
}

function include(group: PixelGroup, x: number, y: number): void {
  group.count++;
  group.x1 = Math.min(group.x1, x);
  group.y1 = Math.min(group.y1, y);
  group.x2 = Math.max(group.x2, x + 1);
  group.y2 = Math.max(group.y2, y + 1);
}

/** Largest number of groups whose distances are looked at; the smallest ones beyond are noise. */
const groupsMax = 64;

function joinNear(found: PixelGroup[]): PixelGroup[] {
  const groups = [...found].sort((a, b) => b.count - a.count).slice(0, groupsMax);
  for (let changed = true; changed;) {
    changed = false;
    for (let first = 0; first < groups.length; first++)
      for (let second = groups.length - 1; second > first; second--) {
        const [a, b] = [groups[first]!, groups[second]!];
        if (!areNear(a, b)) continue;
        join(a, b);
        groups.splice(second, 1);
        changed = true;
      }
  }
  return groups;
}

function areNear(a: PixelGroup, b: PixelGroup): boolean {
  return a.x1 - gapPixels <= b.x2 && b.x1 - gapPixels <= a.x2 && a.y1 - gapPixels <= b.y2 && b.y1 - gapPixels <= a.y2;
}

function join(into: PixelGroup, other: PixelGroup): void {
  into.count += other.count;
  into.x1 = Math.min(into.x1, other.x1);
  into.y1 = Math.min(into.y1, other.y1);
  into.x2 = Math.max(into.x2, other.x2);
  into.y2 = Math.max(into.y2, other.y2);
}

function grow({ x1, y1, x2, y2 }: PixelGroup, { width, height }: { width: number; height: number }): BoxXyxy {
  const [left, right] = widen(x1 / width, x2 / width);
  const [top, bottom] = widen(y1 / height, y2 / height);
  return { x1: left, y1: top, x2: right, y2: bottom };
}

/** A stretch of 0..1 grown about its middle, moved inside where it would stick out. */
function widen(from: number, to: number): [number, number] {
  const length = Math.min(1, Math.max((to - from) * growth, sideShareMin));
  const begin = Math.min(Math.max(0, (from + to - length) / 2), 1 - length);
  return [begin, begin + length];
}
