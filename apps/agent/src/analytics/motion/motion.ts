import { boxArea, intersectionArea, type BoxXyxy } from '@nightjar/geometry';
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
import { momentOf, type FrameMoment, type FrameMotion, type FrameResult } from '../frame-result.js';
import { normalisedPoint, zoneMisfit, ZoneParameter } from '../zone-parameters.js';

const MotionParameters = alertParameters(
  z
    .strictObject({
      zone: ZoneParameter.describe('Of a polygon the rectangle around it counts; without one the whole picture'),
      threshold: z.number().min(0).max(1).default(0.01).describe('Share of the zone that has to move'),
      min_duration_seconds: z.number().min(0).max(600).default(0.5).describe('It has to move for so long'),
      quiet_seconds: z.number().min(0.5).max(3_600).default(5).describe('An event ends when nothing moved for so long'),
    })
    .prefault({}),
);
type MotionParameters = z.infer<typeof MotionParameters>;

type MotionState = 'quiet' | 'starting' | 'moving';
type MotionSign = 'moves' | 'movesForLong' | 'rests' | 'restsForLong';

/** What each sign does in each state. */
const motionMoves: Record<MotionState, Record<MotionSign, { next: MotionState; change?: 'opened' | 'closed' }>> = {
  quiet: {
    moves: { next: 'starting' },
    movesForLong: { next: 'moving', change: 'opened' },
    rests: { next: 'quiet' },
    restsForLong: { next: 'quiet' },
  },
  starting: {
    moves: { next: 'starting' },
    movesForLong: { next: 'moving', change: 'opened' },
    rests: { next: 'quiet' },
    restsForLong: { next: 'quiet' },
  },
  moving: {
    moves: { next: 'moving' },
    movesForLong: { next: 'moving' },
    rests: { next: 'moving' },
    restsForLong: { next: 'quiet', change: 'closed' },
  },
};

/** Something moves, whatever it is. */
export const motion: Analytic<MotionParameters> = {
  name: 'motion',
  version: '1.0.0',
  description: 'Tells when something moves on the picture or in a zone of it.',
  documentation: [
    'Motion is seen on small pictures by their differences, before any model looks at them.',
    'Where a source does not look for motion, objects that move count with the area of their boxes.',
    'It goes on while no adapter answers.',
  ].join('\n\n'),
  schema: MotionParameters,
  needsMotionOnly: true,
  misfitOn: ({ parameters }, frame) => zoneMisfit(parameters.zone, frame),
  create: (parameters, context) => new Motion(parameters, context),
};

class Motion implements AnalyticMachine<MotionParameters> {
  private state: MotionState = 'quiet';
  private began: FrameMoment | undefined;
  private lastMoved: FrameMoment | undefined;
  private shareMax = 0;
  private key = 0;

  constructor(
    private given: MotionParameters,
    private readonly context: AnalyticContext,
  ) {}

  reconfigure(parameters: MotionParameters): void {
    this.given = parameters;
  }

  update(frame: FrameResult): AnalyticOutput {
    const share = this.shareOf(frame);
    const alerts = this.move(share >= this.given.parameters.threshold && share > 0, share, momentOf(frame));
    const estimation = {
      zone: this.given.parameters.zone.name,
      share: Math.round(share * 10_000) / 10_000,
      moving: this.state === 'moving',
    };
    return { results: { frame_estimations: [{ ...estimation, time_offset: timeOffset(frame, this.context) }] }, alerts };
  }

  tick(moment: FrameMoment): AnalyticOutput {
    return { alerts: this.move(false, 0, moment) };
  }

  close(): AnalyticOutput {
    const isOpen = this.state === 'moving';
    this.state = 'quiet';
    return isOpen && this.lastMoved ? { alerts: [this.closed(this.lastMoved)] } : {};
  }

  private move(isMoving: boolean, share: number, moment: FrameMoment): AlertChange[] {
    const { min_duration_seconds, quiet_seconds } = this.given.parameters;
    if (isMoving) {
      if (this.state === 'quiet') [this.began, this.shareMax] = [moment, 0];
      this.lastMoved = moment;
      this.shareMax = Math.max(this.shareMax, share);
    }
    const [since, forLongMs] = isMoving ? [this.began, min_duration_seconds * 1_000] : [this.lastMoved, quiet_seconds * 1_000];
    const isLong = since !== undefined && moment.monotonicMs - since.monotonicMs >= forLongMs;
    const { next, change } = motionMoves[this.state][isMoving ? (isLong ? 'movesForLong' : 'moves') : isLong ? 'restsForLong' : 'rests'];
    this.state = next;
    if (change === 'opened' && this.began)
      return [{ kind: 'opened', key: String(++this.key), startedAtUnixMs: this.began.unixMs, score: 1, details: this.describe() }];
    return change === 'closed' && this.lastMoved ? [this.closed(this.lastMoved)] : [];
  }

  private closed({ unixMs }: FrameMoment): AlertChange {
    return { kind: 'closed', key: String(this.key), endedAtUnixMs: unixMs, details: this.describe() };
  }

  private describe() {
    return { zone: this.given.parameters.zone.name, share_max: Math.round(this.shareMax * 10_000) / 10_000 };
  }

  /** Share of the zone that moves. */
  private shareOf(frame: FrameResult): number {
    const { zone } = this.given.parameters;
    const points = zone.points.map((point) => normalisedPoint(point, zone.units, frame));
    const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    const around = { x1: Math.min(...xs), y1: Math.min(...ys), x2: Math.max(...xs), y2: Math.max(...ys) };
    const { regions, share } = frame.motion ?? motionOfTracks(frame);
    const isWhole = boxArea(around) >= 1;
    if (isWhole && frame.motion) return share;
    const moving = regions.reduce((sum, region) => sum + intersectionArea(region, around), 0);
    return Math.min(1, moving / Math.max(boxArea(around), Number.EPSILON));
  }
}

function motionOfTracks({ tracks, picture }: FrameResult): FrameMotion {
  const regions = tracks
    .filter(({ stationary }) => !stationary)
    .map(({ box }): BoxXyxy => ({ x1: box.x1 / picture.w, y1: box.y1 / picture.h, x2: box.x2 / picture.w, y2: box.y2 / picture.h }));
  return {
    share: Math.min(
      1,
      regions.reduce((sum, region) => sum + boxArea(region), 0),
    ),
    regions,
  };
}
