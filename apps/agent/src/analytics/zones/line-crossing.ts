import { segmentsMeet, sideOfLine, type Point } from '@nightjar/geometry';
import { z } from 'zod';
import {
  timeOffset,
  type AlertChange,
  type Analytic,
  type AnalyticContext,
  type AnalyticMachine,
  type AnalyticOutput,
} from '../analytic.js';
import { alertParameters } from '../callback-parameters.js';
import { momentOf, type FrameMoment, type FrameResult, type TrackedObject } from '../frame-result.js';
import { AnchorParameter, LabelsParameter, lineMisfit, LineParameter, normalisedAnchor, normalisedPoint } from '../zone-parameters.js';

const LineCrossingParameters = alertParameters(
  z.strictObject({
    line: LineParameter,
    anchor: AnchorParameter,
    labels: LabelsParameter.default(['person']),
    count_direction: z
      .enum(['a_to_b', 'b_to_a', 'both'])
      .default('both')
      .describe('a_to_b: from the left of the line to its right, for who looks from `a` to `b`'),
    min_distance: z
      .number()
      .min(0)
      .max(2)
      .default(0.05)
      .describe(
        'Whoever is nearer to the line than this many of their own heights is on no side of it: standing on it and trembling crosses nothing',
      ),
  }),
);
type LineCrossingParameters = z.infer<typeof LineCrossingParameters>;
type Direction = 'a_to_b' | 'b_to_a';

interface Walker {
  /** As a share of the picture, whose size may change meanwhile. */
  lastPoint: Point;
  /** The side on which it was last seen; a point on the line, or hardly beside it, is on no side. */
  side: -1 | 1 | undefined;
  /** Whether its way touched the line since it was on that side. */
  hasTouched: boolean;
  seenAtMs: number;
}

/** More than any tracker of ours holds; beyond, the longest unseen is forgotten. */
const walkersMax = 512;
/** Longer than the tracker remembers: a track that comes back comes back before. */
const forgottenMs = 30_000;

/** Somebody goes across a line. */
export const lineCrossing: Analytic<LineCrossingParameters> = {
  name: 'line_crossing',
  version: '1.0.0',
  description: 'Counts who goes across a line, by direction.',
  documentation: [
    'An event for each object that goes from one side of the line to the other, through the line.',
    'Who stops on the line has not crossed yet; it counts with the next step to the other side.',
  ].join('\n\n'),
  schema: LineCrossingParameters,
  labelsOf: ({ parameters }) => parameters.labels,
  misfitOn: ({ parameters }, frame) => lineMisfit(parameters.line, frame),
  create: (parameters, context) => new LineCrossing(parameters, context),
};

class LineCrossing implements AnalyticMachine<LineCrossingParameters> {
  private readonly walkers = new Map<number, Walker>();
  private readonly totals: Record<Direction, number> = { a_to_b: 0, b_to_a: 0 };
  private crossings = 0;

  constructor(
    private given: LineCrossingParameters,
    private readonly context: AnalyticContext,
  ) {}

  /** Where people were says nothing about another line. The totals go on. */
  reconfigure(parameters: LineCrossingParameters): void {
    const { line, anchor } = this.given.parameters;
    const isSame = JSON.stringify([line, anchor]) === JSON.stringify([parameters.parameters.line, parameters.parameters.anchor]);
    if (!isSame) this.walkers.clear();
    this.given = parameters;
  }

  update(frame: FrameResult): AnalyticOutput {
    const { labels, line, count_direction } = this.given.parameters;
    const { unixMs, monotonicMs } = momentOf(frame);
    const alerts: AlertChange[] = [];
    for (const track of frame.tracks.filter(({ label }) => labels.includes(label))) {
      const direction = this.walk(track, frame);
      if (!direction || (count_direction !== 'both' && count_direction !== direction)) continue;
      this.totals[direction]++;
      const { trackId, label, score, box } = track;
      const details = { line: line.name, direction, track: trackId, label, totals: { ...this.totals } };
      alerts.push({ kind: 'happened', key: `${++this.crossings}`, startedAtUnixMs: unixMs, score, box, details });
    }
    this.forget(monotonicMs);
    return { results: { frame_estimations: [{ line: line.name, ...this.totals, time_offset: timeOffset(frame, this.context) }] }, alerts };
  }

  tick({ monotonicMs }: FrameMoment): AnalyticOutput {
    this.forget(monotonicMs);
    return {};
  }

  close(): AnalyticOutput {
    return {};
  }

  /** Takes a track's next step. @returns the direction in which it went across the line with it */
  private walk({ trackId, box }: TrackedObject, frame: FrameResult): Direction | undefined {
    const { line, anchor, min_distance } = this.given.parameters;
    const inPixels = ({ x, y }: Point): Point => ({ x: x * frame.picture.w, y: y * frame.picture.h });
    const [a, b] = [inPixels(normalisedPoint(line.a, line.units, frame)), inPixels(normalisedPoint(line.b, line.units, frame))];
    const lastPoint = normalisedAnchor(box, anchor, frame);
    const point = inPixels(lastPoint);
    const isBeside = distanceToLine(point, a, b) >= min_distance * (box.y2 - box.y1);
    const side = isBeside ? sideOfLine(point, a, b) || undefined : undefined;
    const walker = this.walkers.get(trackId);
    if (!walker) {
      this.walkers.set(trackId, { lastPoint, side, hasTouched: false, seenAtMs: frame.frame.monotonicMs });
      return undefined;
    }
    walker.hasTouched ||= segmentsMeet(inPixels(walker.lastPoint), point, a, b);
    walker.lastPoint = lastPoint;
    walker.seenAtMs = frame.frame.monotonicMs;
    if (side === undefined) return undefined;
    const hasCrossed = walker.hasTouched && walker.side !== undefined && walker.side !== side;
    walker.side = side;
    walker.hasTouched = false;
    return hasCrossed ? (side === 1 ? 'a_to_b' : 'b_to_a') : undefined;
  }

  private forget(nowMs: number): void {
    for (const [trackId, { seenAtMs }] of this.walkers) if (nowMs - seenAtMs > forgottenMs) this.walkers.delete(trackId);
    if (this.walkers.size <= walkersMax) return;
    const longestUnseen = [...this.walkers].sort(([, one], [, other]) => one.seenAtMs - other.seenAtMs);
    for (const [trackId] of longestUnseen.slice(0, this.walkers.size - walkersMax)) this.walkers.delete(trackId);
  }
}

/** From the line through `a` and `b`, beyond its ends too. */
function distanceToLine(point: Point, a: Point, b: Point): number {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length === 0) return Math.hypot(point.x - a.x, point.y - a.y);
  return Math.abs((b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x)) / length;
}
