import type { FrameMoment } from './frame-result.js';

/** A tracked object inside a zone on one frame. */
interface Visitor {
  trackId: number;
  label: string;
  score: number;
}

interface ZoneVisitsOptions {
  /** A visit counts from this long a stay on. */
  dwellMs: number;
  /** Out of the zone or out of sight for up to this long is still the same visit. */
  graceMs: number;
}

export interface Visit {
  trackId: number;
  label: string;
  bestScore: number;
  entered: FrameMoment;
  lastInside: FrameMoment;
  /** Whether it stayed long enough to count. */
  counts: boolean;
}

/** More than any tracker of ours holds; beyond, a newcomer waits until another has left. */
const visitsMax = 512;

/**
 * Who is in a zone since when, one visit for each track: two people in turn are two visits. A visit that lasts long enough is
 * `begun`, and `ended` when its object is gone for longer than the grace. Pure: frames bring the time.
 */
export class ZoneVisits {
  private readonly visits = new Map<number, Visit>();

  /** Visits that count. */
  get counting(): readonly Visit[] {
    return [...this.visits.values()].filter(({ counts }) => counts);
  }

  update(visitors: readonly Visitor[], moment: FrameMoment, options: ZoneVisitsOptions): { begun: Visit[]; ended: Visit[] } {
    const begun: Visit[] = [];
    for (const visitor of visitors) {
      const visit = this.visits.get(visitor.trackId) ?? this.enter(visitor, moment);
      if (!visit) continue;
      visit.bestScore = Math.max(visit.bestScore, visitor.score);
      visit.lastInside = moment;
      if (visit.counts || moment.monotonicMs - visit.entered.monotonicMs < options.dwellMs) continue;
      visit.counts = true;
      begun.push(visit);
    }
    return { begun, ended: this.leave(({ lastInside }) => moment.monotonicMs - lastInside.monotonicMs > options.graceMs) };
  }

  /** Ends all visits. @returns those that counted */
  endAll(): Visit[] {
    return this.leave(() => true);
  }

  private enter({ trackId, label, score }: Visitor, moment: FrameMoment): Visit | undefined {
    if (this.visits.size >= visitsMax) return undefined;
    const visit: Visit = { trackId, label, bestScore: score, entered: moment, lastInside: moment, counts: false };
    this.visits.set(trackId, visit);
    return visit;
  }

  private leave(hasLeft: (visit: Visit) => boolean): Visit[] {
    const left = [...this.visits.values()].filter(hasLeft);
    for (const { trackId } of left) this.visits.delete(trackId);
    return left.filter(({ counts }) => counts);
  }
}
