import { boxArea, clipBox, expandBox, intersectionArea, type BoxXyxy, type PictureSize } from '@nightjar/geometry';

/** Regions of one frame that a detector is asked about; what does not fit shares one. */
export const lookRegionsMax = 8;

/** A part of the picture that the detector looks at, and how well it sees there. */
export interface LookRegion {
  /** In pixels of the picture, inside it. */
  readonly box: BoxXyxy;
  /** Pixels of the picture to one of the detector's input, along the worse axis: 1 is the best there is. */
  readonly pixelsPerInput: number;
}

/** What is to be seen, in pixels of the picture. */
interface Wanted extends LookRegion {
  /** The boxes inside, without their surroundings. */
  readonly content: BoxXyxy;
  /** How finely the one of them that asks for the most has to be seen. */
  readonly finest: number;
}

/** Two become one where the detector sees nearly as well in both at once: that spares a run of it. */
const joinedWorseMax = 1.25;
/** What lies in a larger box by so much of it is a part of the same thing. */
const withinShare = 0.8;
/** A region in which it sees hardly better than in the whole picture is the whole picture. */
const wholeFrom = 0.75;

/**
 * Decides which parts of a picture a detector of fixed input size looks at, so that everything wanted lies in one of them. A region
 * has the shape of the detector's input and at least its size: a smaller one would show it nothing more.
 * @param wanted boxes that have to be seen whole, with what surrounds them, in pixels of the picture
 * @param input what the detector makes of a picture before it looks
 * @param max how many regions, `lookRegionsMax` at most
 * @returns regions, and whether there would have been more than `max`. Regions may overlap
 */
export function lookRegions(
  wanted: readonly BoxXyxy[],
  { input, max, picture }: { input: PictureSize; picture: PictureSize; max: number },
): { regions: LookRegion[]; isFull: boolean } {
  const around = (content: BoxXyxy) => ({ content, ...regionAround(content, input, picture) });
  const all = wholePicture(input, picture);
  const boxes = wanted.map((box) => clipBox(box, picture)).filter((box) => boxArea(box) > 0);
  let kept = boxes.map(around).map((region): Wanted => ({ ...region, finest: region.pixelsPerInput }));
  kept = joinWhile(kept, around, ({ a, b, both }) => {
    const isWithin = coveredShare(a.content, b.content) >= withinShare;
    return isWithin || both.pixelsPerInput <= joinedWorseMax * both.finest;
  });
  const isFull = kept.length > max;
  for (let count = kept.length; count > max; count--) kept = joinNearest(kept, around);
  const coarse = kept.filter(({ pixelsPerInput }) => pixelsPerInput >= wholeFrom * all.pixelsPerInput);
  const regions = kept.filter((region) => !coarse.includes(region)).map(({ box, pixelsPerInput }) => ({ box, pixelsPerInput }));
  return { regions: coarse.length > 0 ? [all, ...regions] : regions, isFull };
}

/** The whole picture as one region. */
export function wholePicture(input: PictureSize, { width, height }: PictureSize): LookRegion {
  const pixelsPerInput = Math.max(1, width / input.width, height / input.height);
  return { box: { x1: 0, y1: 0, x2: width, y2: height }, pixelsPerInput };
}

/** Whether a box lies in a region, but for a pixel. */
export function isInside(box: BoxXyxy, region: BoxXyxy): boolean {
  const roomy = expandBox(region, 1);
  return box.x1 >= roomy.x1 && box.y1 >= roomy.y1 && box.x2 <= roomy.x2 && box.y2 <= roomy.y2;
}

/** Share of the smaller of two boxes that the other one covers, 0..1. */
export function coveredShare(a: BoxXyxy, b: BoxXyxy): number {
  const smaller = Math.min(boxArea(a), boxArea(b));
  return smaller === 0 ? 0 : intersectionArea(a, b) / smaller;
}

/** The smallest region that shows a box, moved inside the picture where it would stick out. */
function regionAround(box: BoxXyxy, input: PictureSize, picture: PictureSize): LookRegion {
  const scale = Math.max(1, (box.x2 - box.x1) / input.width, (box.y2 - box.y1) / input.height);
  const [x1, x2] = stretchAround(box.x1, box.x2, { length: input.width * scale, end: picture.width });
  const [y1, y2] = stretchAround(box.y1, box.y2, { length: input.height * scale, end: picture.height });
  return { box: { x1, y1, x2, y2 }, pixelsPerInput: Math.max(1, (x2 - x1) / input.width, (y2 - y1) / input.height) };
}

/** Whole pixels: an adapter cuts at those. */
function stretchAround(from: number, to: number, { length, end }: { length: number; end: number }): [number, number] {
  const size = Math.min(end, Math.ceil(length));
  const begin = Math.min(Math.max(0, Math.round((from + to - size) / 2)), end - size);
  return [begin, begin + size];
}

type Around = (content: BoxXyxy) => Omit<Wanted, 'finest'>;

interface Pair {
  a: Wanted;
  b: Wanted;
  both: Wanted;
}

function joinWhile(kept: readonly Wanted[], around: Around, mayJoin: (pair: Pair) => boolean): Wanted[] {
  for (let regions = [...kept]; ;) {
    const pair = firstOf(pairsOf(regions, around), mayJoin);
    if (!pair) return regions;
    regions = replaced(regions, pair);
  }
}

/** Joins the two that lose least by it. */
function joinNearest(kept: readonly Wanted[], around: Around): Wanted[] {
  const [nearest] = [...pairsOf(kept, around)].sort((one, other) => one.both.pixelsPerInput - other.both.pixelsPerInput);
  return nearest ? replaced(kept, nearest) : [...kept];
}

function joined(a: Wanted, b: Wanted, around: Around): Wanted {
  const both = around(unionOf(a.content, b.content));
  // Of two that are one thing the larger says how finely it has to be seen.
  const isWithin = coveredShare(a.content, b.content) >= withinShare;
  return { ...both, finest: isWithin ? Math.max(a.finest, b.finest) : Math.min(a.finest, b.finest) };
}

function* pairsOf(regions: readonly Wanted[], around: Around): Generator<Pair> {
  for (const [index, a] of regions.entries()) for (const b of regions.slice(index + 1)) yield { a, b, both: joined(a, b, around) };
}

function replaced(regions: readonly Wanted[], { a, b, both }: Pair): Wanted[] {
  return [both, ...regions.filter((region) => region !== a && region !== b)];
}

function firstOf<T>(items: Iterable<T>, matches: (item: T) => boolean): T | undefined {
  for (const item of items) if (matches(item)) return item;
  return undefined;
}

function unionOf(a: BoxXyxy, b: BoxXyxy): BoxXyxy {
  return { x1: Math.min(a.x1, b.x1), y1: Math.min(a.y1, b.y1), x2: Math.max(a.x2, b.x2), y2: Math.max(a.y2, b.y2) };
}
