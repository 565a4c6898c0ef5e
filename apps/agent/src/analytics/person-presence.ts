import type { BoxXyxy } from '@nightjar/geometry';
import type { FrameMoment } from './frame-result.js';

/** A tracked person on one frame. */
export interface PersonSighting {
  trackId: number;
  /** On how many frames the tracker saw it, this one included. */
  hits: number;
  score: number;
  box: BoxXyxy;
}

interface PersonPresenceOptions {
  /** A track is a person from this many frames on. */
  confirmHits: number;
  /** Not seen for longer than this: it has left. Not shorter than the tracker remembers, or one person would leave twice. */
  goneMs: number;
}

/** An event begins or ends. */
export type PresenceChange =
  | { kind: 'opened'; trackId: number; startedAtUnixMs: number; score: number; box: BoxXyxy }
  | { kind: 'closed'; trackId: number; startedAtUnixMs: number; endedAtUnixMs: number; score: number };

export type PresenceState = 'candidate' | 'present' | 'away';
type PresenceSign = 'seen' | 'confirmed' | 'unseen' | 'gone';

/** What each sign does in each state; `forgotten` is the end. */
export const presenceMoves: Record<
  PresenceState,
  Record<PresenceSign, { next: PresenceState | 'forgotten'; change?: PresenceChange['kind'] }>
> = {
  candidate: {
    seen: { next: 'candidate' },
    confirmed: { next: 'present', change: 'opened' },
    unseen: { next: 'candidate' },
    gone: { next: 'forgotten' },
  },
  present: {
    seen: { next: 'present' },
    confirmed: { next: 'present' },
    unseen: { next: 'away' },
    gone: { next: 'forgotten', change: 'closed' },
  },
  away: {
    seen: { next: 'present' },
    confirmed: { next: 'present' },
    unseen: { next: 'away' },
    gone: { next: 'forgotten', change: 'closed' },
  },
};

interface Presence {
  state: PresenceState;
  startedAtUnixMs: number;
  lastSeen: FrameMoment;
  bestScore: number;
}

/** More tracks than any tracker of ours holds; beyond, a new one waits until another is forgotten. */
const presencesMax = 512;

const defaultPersonPresenceOptions: PersonPresenceOptions = { confirmHits: 2, goneMs: 5_000 };

/** Turns tracks into events: one per person, from the first frame it was seen on to the last. Pure: the caller brings the time. */
export class PersonPresence {
  private readonly presences = new Map<number, Presence>();

  constructor(private readonly options: PersonPresenceOptions = defaultPersonPresenceOptions) {}

  get open(): number {
    return [...this.presences.values()].filter(({ state }) => state !== 'candidate').length;
  }

  /** When an open event of a track began; undefined without one. */
  startOf(trackId: number): number | undefined {
    const presence = this.presences.get(trackId);
    return presence && presence.state !== 'candidate' ? presence.startedAtUnixMs : undefined;
  }

  /** Takes the persons of one frame; call it with none while no frames come, so that time passes here too. */
  update(sightings: readonly PersonSighting[], moment: FrameMoment): PresenceChange[] {
    const seen = new Set<number>();
    const changes: PresenceChange[] = [];
    for (const sighting of sightings) {
      const presence = this.presences.get(sighting.trackId) ?? this.begin(sighting, moment);
      if (!presence) continue;
      seen.add(sighting.trackId);
      presence.lastSeen = moment;
      presence.bestScore = Math.max(presence.bestScore, sighting.score);
      const change = this.move(sighting.trackId, presence, sighting.hits >= this.options.confirmHits ? 'confirmed' : 'seen');
      if (change === 'opened')
        changes.push({
          kind: 'opened',
          trackId: sighting.trackId,
          startedAtUnixMs: presence.startedAtUnixMs,
          score: presence.bestScore,
          box: sighting.box,
        });
    }
    for (const [trackId, presence] of this.presences) {
      if (seen.has(trackId)) continue;
      const isGone = moment.monotonicMs - presence.lastSeen.monotonicMs > this.options.goneMs;
      if (this.move(trackId, presence, isGone ? 'gone' : 'unseen') === 'closed') changes.push(closed(trackId, presence));
    }
    return changes;
  }

  /** Ends all that is open: the analysis stops, and nobody would end it later. */
  closeAll(): PresenceChange[] {
    const open = [...this.presences].filter(([, { state }]) => state !== 'candidate');
    this.presences.clear();
    return open.map(([trackId, presence]) => closed(trackId, presence));
  }

  private begin(sighting: PersonSighting, moment: FrameMoment): Presence | undefined {
    if (this.presences.size >= presencesMax) return undefined;
    const presence: Presence = { state: 'candidate', startedAtUnixMs: moment.unixMs, lastSeen: moment, bestScore: sighting.score };
    this.presences.set(sighting.trackId, presence);
    return presence;
  }

  private move(trackId: number, presence: Presence, sign: PresenceSign): PresenceChange['kind'] | undefined {
    const { next, change } = presenceMoves[presence.state][sign];
    if (next === 'forgotten') this.presences.delete(trackId);
    else presence.state = next;
    return change;
  }
}

function closed(trackId: number, { startedAtUnixMs, lastSeen, bestScore }: Presence): PresenceChange {
  // A wall clock that was set back meanwhile would end it before it began.
  const endedAtUnixMs = Math.max(lastSeen.unixMs, startedAtUnixMs);
  return { kind: 'closed', trackId, startedAtUnixMs, endedAtUnixMs, score: bestScore };
}
