import type { AssignedStream } from '@nightjar/contracts';
import { boxArea, boxCentre, clipBox, intersectionArea, normaliseBox, type BoxXyxy, type PictureSize } from '@nightjar/geometry';
import type { FrameMotion } from '../analytics/frame-result.js';
import { regionBox, wholeBox } from '../analytics/picture-region.js';

/** Where on the pictures of one stream the detector looks (`roi`), and where what it finds counts (`droi`). In pixels of a picture. */
export class AnalysedArea {
  /** Why nothing can be found, in words for the user. */
  readonly problem: string | null;
  /** What the detector sees of the picture. */
  readonly size: PictureSize;
  private readonly whole: BoxXyxy;

  private constructor(
    private readonly picture: PictureSize,
    /** In whole pixels, since an adapter cuts at those. */
    readonly roi: BoxXyxy,
    private readonly droi: BoxXyxy | undefined,
  ) {
    this.whole = wholeBox(picture);
    this.size = { width: roi.x2 - roi.x1, height: roi.y2 - roi.y1 };
    const outside = boxArea(roi) === 0 ? 'roi' : droi && boxArea(droi) === 0 ? 'droi' : undefined;
    this.problem = outside === undefined ? null : `${outside} lies outside of the picture of ${picture.width} × ${picture.height} pixels`;
  }

  static of({ droi, roi }: Pick<AssignedStream, 'droi' | 'roi'>, picture: PictureSize): AnalysedArea {
    const [look, counts] = [regionBox(roi, picture), regionBox(droi, picture)];
    const { x1, x2, y1, y2 } = look ? clipBox(look, picture) : wholeBox(picture);
    const pixels = { x1: Math.round(x1), y1: Math.round(y1), x2: Math.round(x2), y2: Math.round(y2) };
    return new AnalysedArea(picture, pixels, counts && clipBox(counts, picture));
  }

  get isWhole(): boolean {
    return boxArea(this.roi) === boxArea(this.whole);
  }

  /** From pixels of the picture to those of the roi; what sticks out of it is cut off. */
  toRoi(box: BoxXyxy): BoxXyxy {
    return clipBox(shifted(box, -this.roi.x1, -this.roi.y1), this.size);
  }

  /** From pixels of the roi to those of the picture. */
  toPicture(box: BoxXyxy): BoxXyxy {
    return shifted(box, this.roi.x1, this.roi.y1);
  }

  /** Whether the middle of an object lies in the roi. */
  isInRoi(box: BoxXyxy): boolean {
    return holds(this.roi, box);
  }

  /** Whether an object counts. */
  counts(box: BoxXyxy): boolean {
    return !this.droi || holds(this.droi, box);
  }

  /** What of a motion is in the roi: as shares of the picture, as it came. */
  motionOf(motion: FrameMotion | undefined): FrameMotion | undefined {
    if (!motion || this.isWhole) return motion;
    const roi = normaliseBox(this.roi, this.picture);
    const areaOf = (regions: readonly BoxXyxy[]) => regions.reduce((sum, region) => sum + boxArea(region), 0);
    const regions = motion.regions.flatMap((region) => (intersectionArea(region, roi) > 0 ? [intersection(region, roi)] : []));
    const all = areaOf(motion.regions);
    return { share: all === 0 ? 0 : motion.share * (areaOf(regions) / all), regions };
  }

  /** From shares of the picture to shares of the roi, for what was cut by `motionOf`. */
  motionInRoi(motion: FrameMotion | undefined): FrameMotion | undefined {
    if (!motion || this.isWhole) return motion;
    const { height, width } = this.picture;
    const regions = motion.regions.map(({ x1, x2, y1, y2 }) =>
      normaliseBox(this.toRoi({ x1: x1 * width, y1: y1 * height, x2: x2 * width, y2: y2 * height }), this.size),
    );
    return { ...motion, regions };
  }
}

function shifted({ x1, x2, y1, y2 }: BoxXyxy, byX: number, byY: number): BoxXyxy {
  return { x1: x1 + byX, y1: y1 + byY, x2: x2 + byX, y2: y2 + byY };
}

function intersection(a: BoxXyxy, b: BoxXyxy): BoxXyxy {
  return { x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1), x2: Math.min(a.x2, b.x2), y2: Math.min(a.y2, b.y2) };
}

function holds(region: BoxXyxy, box: BoxXyxy): boolean {
  const { x, y } = boxCentre(box);
  return x >= region.x1 && x <= region.x2 && y >= region.y1 && y <= region.y2;
}
