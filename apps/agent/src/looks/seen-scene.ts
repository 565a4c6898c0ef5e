import { expandBox, intersectionArea, iou, scaleBox, type BoxXyxy, type PictureSize } from '@nightjar/geometry';
import type { FrameMotion } from '../analytics/frame-result.js';
import { wholeBox } from '../analytics/picture-region.js';
import { coveredShare, isInside, lookRegions, lookRegionsMax, wholePicture, type LookRegion } from './look-regions.js';

/** An object as a detector saw it, in pixels of the picture. */
export interface SeenObject {
  box: BoxXyxy;
  score: number;
  label: string;
}

/** An object that holds until a look shows otherwise. */
interface KnownObject extends SeenObject {
  /** Whether a second look saw it, too: a detector that is wrong once must not be believed for as long as nothing moves. */
  isConfirmed: boolean;
}

/** A look at a frame: what the detector is asked about. */
export interface Look {
  /** Undefined: the whole picture, once. */
  readonly regions: readonly LookRegion[] | undefined;
  /** More was to be seen apart than the bound of regions allows. */
  readonly isFull: boolean;
  /** Where something moves. */
  readonly moving: readonly BoxXyxy[];
  /** Where something moves or moved lately: what stood there may have gone. */
  readonly moved: readonly BoxXyxy[];
}

/** What a look showed; `region` says in which of its regions, absent: in the whole picture. */
export interface LookAnswer {
  readonly found: readonly (SeenObject & { region?: number | undefined })[];
  readonly picture: PictureSize;
  /** What the detector made of the picture or region; absent: an adapter that does not say, it is asked about whole pictures. */
  readonly input?: PictureSize | undefined;
}

/** A track as far as looks are concerned. */
export interface LookTrack {
  readonly box: BoxXyxy;
  readonly stationary: boolean;
}

interface HeldObject extends KnownObject {
  /** How finely the picture was looked at when it was seen. */
  pixelsPerInput: number;
}

/** Whatever moves or stands still: everything is looked at again on every so manieth frame. */
const framesPerWholeLook = 10;
/** What surrounds a moving object is looked at, too: it may be larger than what moves of it, and it goes on. */
const motionMarginShare = 0.2;
const trackMarginShare = 0.35;
/** A box that ends so near the edge of a region may be a part of an object, in pixels of the detector's input. */
const cutInputPixels = 3;
const sameIou = 0.5;
/** A part of an object and the whole of it. */
const partShare = 0.6;
/** A look sees what another one saw that was so much finer. */
const finerTimes = 1.25;
/** More objects than any tracker of ours follows; the surest are held. */
const objectsMax = 300;

/**
 * What there is to be seen on one camera, put together from looks at parts of its picture: what a look did not cover, holds. It plans
 * the next look from what moves and from the tracks. Pure: frames come in order, one look at a time.
 */
export class SeenScene {
  /** Frames that needed no detector. */
  saved = 0;
  private held: HeldObject[] = [];
  private picture: PictureSize | undefined;
  private input: PictureSize | undefined;
  private framesSinceWhole = 0;
  /** Where the last look saw something move, or only a part of something: looked at again, also when it has come to rest. */
  private unsettled: readonly BoxXyxy[] = [];
  private isKnown = false;

  /** @param sureScore from which on an object is followed; weaker ones are only evidence of one that is */
  constructor(private readonly sureScore: number) {}

  /** All objects, seen just now or held. */
  get objects(): readonly KnownObject[] {
    return this.held;
  }

  /** @returns what to look at on the next frame; undefined: what is known holds. `motion` undefined: nobody knows what moves */
  plan(motion: FrameMotion | undefined, picture: PictureSize, tracks: readonly LookTrack[]): Look | undefined {
    this.framesSinceWhole++;
    const isSame = this.picture?.width === picture.width && this.picture.height === picture.height;
    if (!this.isKnown || !isSame) {
      // Places on a picture of another size are none on this one: what lay outside of it would never be looked at again.
      this.forget();
      return wholeLook([wholeBox(picture)]);
    }
    if (motion === undefined)
      return this.look({ picture, moving: [wholeBox(picture)], moved: [wholeBox(picture)], around: [], isDue: true });
    const moving = motion.regions.map((region) => withMargin(scaleBox(region, picture.width, picture.height), motionMarginShare));
    const moved = [...moving, ...this.unsettled];
    const isDue = this.framesSinceWhole >= framesPerWholeLook;
    const unconfirmed = this.held.filter((object) => object.score >= this.sureScore && !object.isConfirmed).map(({ box }) => box);
    if (moved.length === 0 && unconfirmed.length === 0 && !isDue) {
      this.saved++;
      return undefined;
    }
    const walking = moved.length === 0 ? [] : tracks.filter(({ stationary }) => !stationary).map(({ box }) => box);
    return this.look({ picture, moving, moved, around: [...walking, ...unconfirmed], isDue });
  }

  /** Takes what a planned look showed. */
  take(look: Look, { found, input, picture }: LookAnswer): void {
    const whole = wholePicture(input ?? picture, picture);
    // An adapter that knows no regions answers for the whole picture.
    const isOfWhole = look.regions === undefined || (found.length > 0 && found.every(({ region }) => region === undefined));
    const regions = isOfWhole ? [whole] : look.regions;
    const seen = found.map(({ region, ...object }) => ({ ...object, region: regions[region ?? 0] ?? whole }));
    const isCutIn = ({ box, region }: (typeof seen)[number]) => isCut(box, region, picture);
    const complete = withoutDuplicates(seen.filter((object) => !isCutIn(object)));
    const isFirm = ({ isConfirmed, score }: HeldObject) => isConfirmed && score >= this.sureScore;
    const stays = this.held.filter((object) => !isRefuted(object, { regions, moved: isFirm(object) ? look.moved : [object.box] }));
    const kept = stays.filter((object) => !complete.some((newer) => isSameObject(newer, object)));
    const fresh = complete.map(({ region: { pixelsPerInput }, ...object }): HeldObject => {
      const isConfirmed = this.held.some((known) => isSameObject(known, object));
      return { ...object, pixelsPerInput, isConfirmed };
    });
    this.held = [...fresh, ...kept].sort((a, b) => b.score - a.score).slice(0, objectsMax);
    const parts = seen.filter(
      (object) => object.score >= this.sureScore && isCutIn(object) && !this.held.some((known) => isPartOf(object, known)),
    );
    this.unsettled = [...look.moving, ...parts.map(({ box }) => withMargin(box, trackMarginShare))];
    if (regions.some((region) => isWhole(region, picture))) this.framesSinceWhole = 0;
    this.picture = picture;
    this.input = input;
    this.isKnown = true;
  }

  /** The next frame is looked at whole: another question is asked now, or none was answered. */
  forget(): void {
    this.isKnown = false;
    this.held = [];
    this.unsettled = [];
  }

  /** `isDue`: at the whole picture, and at each object that a look at the whole would not see. */
  private look(wanted: {
    picture: PictureSize;
    moving: readonly BoxXyxy[];
    moved: readonly BoxXyxy[];
    around: readonly BoxXyxy[];
    isDue: boolean;
  }): Look {
    const { around, isDue, moved, moving, picture } = wanted;
    const { input } = this;
    if (!input) return { ...wholeLook(moving), moved };
    const all = wholePicture(input, picture);
    const isFine = ({ pixelsPerInput, score }: HeldObject) => score >= this.sureScore && pixelsPerInput * finerTimes < all.pixelsPerInput;
    const fine = isDue ? this.held.filter(isFine).map(({ box }) => box) : [];
    const boxes = [...moved, ...[...around, ...fine].map((box) => withMargin(box, trackMarginShare))];
    const { isFull, regions: planned } = lookRegions(boxes, { input, picture, max: isDue ? lookRegionsMax - 1 : lookRegionsMax });
    const regions = isDue && !planned.some((region) => isWhole(region, picture)) ? [all, ...planned] : planned;
    const isOne = regions.length === 1 && isWhole(regions[0]!, picture);
    return { regions: isOne ? undefined : regions, isFull, moving, moved };
  }
}

/** A look at the whole picture. */
export function wholeLook(moving: readonly BoxXyxy[]): Look {
  return { regions: undefined, isFull: false, moving, moved: moving };
}

/** Looked at again, finely enough, or something moved there: had it stayed, it would have been seen. */
function isRefuted(object: HeldObject, { moved, regions }: { regions: readonly LookRegion[]; moved: readonly BoxXyxy[] }): boolean {
  const mayHaveGone = moved.some((box) => intersectionArea(box, object.box) > 0);
  return regions.some(
    ({ box, pixelsPerInput }) => isInside(object.box, box) && (mayHaveGone || pixelsPerInput <= object.pixelsPerInput * finerTimes),
  );
}

/** Whether a box ends at an edge of its region that is no edge of the picture. */
function isCut(box: BoxXyxy, { box: region, pixelsPerInput }: LookRegion, { height, width }: PictureSize): boolean {
  const near = cutInputPixels * pixelsPerInput;
  return (
    (region.x1 > 0 && box.x1 < region.x1 + near) ||
    (region.y1 > 0 && box.y1 < region.y1 + near) ||
    (region.x2 < width && box.x2 > region.x2 - near) ||
    (region.y2 < height && box.y2 > region.y2 - near)
  );
}

/** What was seen in two regions is one object, as the finer look shows it. */
function withoutDuplicates<T extends SeenObject & { region: LookRegion }>(objects: readonly T[]): T[] {
  const finestFirst = [...objects].sort((a, b) => a.region.pixelsPerInput - b.region.pixelsPerInput || b.score - a.score);
  const kept: T[] = [];
  for (const object of finestFirst)
    if (!kept.some((other) => other.region !== object.region && isSameObject(other, object))) kept.push(object);
  return kept;
}

function isSameObject(a: SeenObject, b: SeenObject): boolean {
  return a.label === b.label && iou(a.box, b.box) > sameIou;
}

function isPartOf(part: SeenObject, whole: SeenObject): boolean {
  return part.label === whole.label && coveredShare(part.box, whole.box) > partShare;
}

function withMargin(box: BoxXyxy, share: number): BoxXyxy {
  return expandBox(box, Math.max(box.x2 - box.x1, box.y2 - box.y1) * share);
}

function isWhole({ box }: LookRegion, picture: PictureSize): boolean {
  return isInside(wholeBox(picture), box);
}
