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
import { momentOf, type FrameMoment, type FrameResult } from '../frame-result.js';
import { Crowd, type CrowdEvent } from '../people-count/crowd.js';
import { AnchorParameter, isInZone, LabelsParameter, zoneMisfit, ZoneParameter } from '../zone-parameters.js';
import { ZoneVisits } from '../zone-visits.js';

const count = z.number().int().min(0).max(100_000);
const OccupancyParameters = alertParameters(
  z
    .strictObject({
      zone: ZoneParameter,
      anchor: AnchorParameter,
      labels: LabelsParameter.default(['person']),
      count__gte: count.default(1).describe('An event is at least so many in the zone'),
      count__lte: count.optional().describe('and at most so many'),
      probe_count: z.number().int().min(1).max(1_000).default(2).describe('Frames in a row that open an event, and that close it'),
      grace_seconds: z.number().min(0).max(600).default(2).describe('Outside or out of sight for up to this long is not left'),
    })
    .prefault({}),
);
type OccupancyParameters = z.infer<typeof OccupancyParameters>;

/** A track of one frame may be noise, or one more than the tracker follows: it is there now, but nobody came. */
const confirmHits = 2;
/** After so long without a frame nobody can say who is there. */
const blindMs = 30_000;

/** How many are in a zone. */
export const occupancy: Analytic<OccupancyParameters> = {
  name: 'occupancy',
  version: '1.0.0',
  description: 'Counts who is in a zone, who came and who left, and tells when there are as many as asked for.',
  documentation: [
    'Each frame gives the number of objects in the zone, an empty frame gives 0, and how many entered and left since the analysis began.',
    'Who is seen on one frame alone counts on that frame, but neither enters nor leaves.',
    'With `count__gte` 0 and `count__lte` 0 an event is an empty zone.',
  ].join('\n\n'),
  schema: OccupancyParameters,
  labelsOf: ({ parameters }) => parameters.labels,
  misfitOn: ({ parameters }, frame) => zoneMisfit(parameters.zone, frame),
  create: (parameters, context) => new Occupancy(parameters, context),
};

class Occupancy implements AnalyticMachine<OccupancyParameters> {
  private readonly crowd = new Crowd();
  private readonly visits = new ZoneVisits();
  private entered = 0;
  private left = 0;
  private key = 0;
  private seenAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private given: OccupancyParameters,
    private readonly context: AnalyticContext,
  ) {}

  reconfigure(parameters: OccupancyParameters): void {
    this.given = parameters;
  }

  update(frame: FrameResult): AnalyticOutput {
    const { zone, anchor, labels, grace_seconds, probe_count, count__gte, count__lte } = this.given.parameters;
    const moment = momentOf(frame);
    this.seenAtMs = moment.monotonicMs;
    const inside = frame.tracks.filter(({ label, box }) => labels.includes(label) && isInZone(box, zone, anchor, frame));
    const visitors = inside.filter(({ hits }) => hits >= confirmHits);
    const { begun, ended } = this.visits.update(visitors, moment, { dwellMs: 0, graceMs: grace_seconds * 1_000 });
    this.entered += begun.length;
    this.left += ended.length;
    const isEvent = inside.length >= count__gte && inside.length <= (count__lte ?? Number.POSITIVE_INFINITY);
    const change = this.crowd.take({ ...moment, count: inside.length, isCrowd: isEvent }, probe_count);
    const estimation = { zone: zone.name, count: inside.length, entered: this.entered, left: this.left };
    return {
      results: { frame_estimations: [{ ...estimation, time_offset: timeOffset(frame, this.context) }] },
      alerts: change ? [this.alertOf(change.change, change.event)] : [],
    };
  }

  tick({ monotonicMs }: FrameMoment): AnalyticOutput {
    return monotonicMs - this.seenAtMs > blindMs ? this.close() : {};
  }

  close(): AnalyticOutput {
    this.left += this.visits.endAll().length;
    const event = this.crowd.end();
    return event ? { alerts: [this.alertOf('closed', event)] } : {};
  }

  private alertOf(kind: 'opened' | 'closed', event: CrowdEvent): AlertChange {
    const details = { zone: this.given.parameters.zone.name, count: event.countMax, entered: this.entered, left: this.left };
    if (kind === 'closed') return { kind, key: String(this.key), endedAtUnixMs: event.lastSeenAtUnixMs, details };
    return { kind, key: String(++this.key), startedAtUnixMs: event.startedAtUnixMs, score: 1, details };
  }
}
