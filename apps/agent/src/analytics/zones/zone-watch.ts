import { isInSchedule, type WeeklySchedule } from '@nightjar/contracts';
import { timeOffset, type AlertChange, type AnalyticContext, type AnalyticMachine, type AnalyticOutput } from '../analytic.js';
import { momentOf, type FrameMoment, type FrameResult, type TrackedObject } from '../frame-result.js';
import { isInZone, type Anchor, type ZoneParameter } from '../zone-parameters.js';
import { ZoneVisits, type Visit } from '../zone-visits.js';

/** What a stay in a zone is, whichever analytic asks. */
interface ZoneWatchRules {
  zone: ZoneParameter;
  anchor: Anchor;
  labels: readonly string[];
  dwellSeconds: number;
  graceSeconds: number;
  /** Null: always. */
  schedule: WeeklySchedule | null;
}

/** A track of one frame may be noise. */
const confirmHits = 2;

/**
 * Watches a zone for objects that stay in it: an alert for each, from the moment it entered to the moment it was last inside.
 * Outside of the schedule the zone is empty.
 */
export class ZoneWatch<Parameters> implements AnalyticMachine<Parameters> {
  private readonly visits = new ZoneVisits();
  private rules: ZoneWatchRules;

  constructor(
    private readonly readRules: (parameters: Parameters) => ZoneWatchRules,
    parameters: Parameters,
    private readonly context: AnalyticContext,
  ) {
    this.rules = readRules(parameters);
  }

  /** Who is inside of the new zone as well goes on with the visit. */
  reconfigure(parameters: Parameters): void {
    this.rules = this.readRules(parameters);
  }

  update(frame: FrameResult): AnalyticOutput {
    const moment = momentOf(frame);
    const inside = this.isWatching(moment) ? frame.tracks.filter((track) => this.isVisitor(track, frame)) : [];
    const alerts = this.take(inside, moment);
    const objects = this.visits.counting.map(({ trackId, label, entered }) => ({
      track: trackId,
      label,
      dwell_seconds: secondsBetween(entered, moment),
    }));
    const estimation = { zone: this.rules.zone.name, inside: inside.length, objects, time_offset: timeOffset(frame, this.context) };
    return { results: { frame_estimations: [estimation] }, alerts };
  }

  tick(moment: FrameMoment): AnalyticOutput {
    return { alerts: this.take([], moment) };
  }

  close(): AnalyticOutput {
    return { alerts: this.visits.endAll().map((visit) => this.closed(visit)) };
  }

  private take(inside: readonly TrackedObject[], moment: FrameMoment): AlertChange[] {
    const { dwellSeconds, graceSeconds } = this.rules;
    // When its hours are over the zone is empty at once.
    if (!this.isWatching(moment)) return this.visits.endAll().map((visit) => this.closed(visit));
    const { begun, ended } = this.visits.update(inside, moment, { dwellMs: dwellSeconds * 1_000, graceMs: graceSeconds * 1_000 });
    const boxOf = new Map(inside.map(({ trackId, box }) => [trackId, box]));
    return [
      ...begun.map((visit): AlertChange => ({
        kind: 'opened',
        key: String(visit.trackId),
        startedAtUnixMs: visit.entered.unixMs,
        score: visit.bestScore,
        box: boxOf.get(visit.trackId),
        details: this.describe(visit),
      })),
      ...ended.map((visit) => this.closed(visit)),
    ];
  }

  private isWatching({ unixMs }: FrameMoment): boolean {
    return this.rules.schedule === null || isInSchedule(this.rules.schedule, unixMs);
  }

  private isVisitor({ label, hits, box }: TrackedObject, frame: FrameResult): boolean {
    const { zone, anchor, labels } = this.rules;
    return labels.includes(label) && hits >= confirmHits && isInZone(box, zone, anchor, frame);
  }

  private closed(visit: Visit): AlertChange {
    return { kind: 'closed', key: String(visit.trackId), endedAtUnixMs: visit.lastInside.unixMs, details: this.describe(visit) };
  }

  private describe({ trackId, label, entered, lastInside }: Visit): Record<string, unknown> {
    const dwell_seconds = secondsBetween(entered, lastInside);
    return { zone: this.rules.zone.name, track: trackId, label, dwell_seconds };
  }
}

/** In whole milliseconds. */
function secondsBetween(from: FrameMoment, to: FrameMoment): number {
  return Math.round(to.monotonicMs - from.monotonicMs) / 1_000;
}
