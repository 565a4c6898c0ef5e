import { ByteTracker, type TrackedDetection } from '@nightjar/tracking';
import type { Clock } from '@nightjar/runtime';
import type { DetectedObject } from '../../engine/protocol.js';

export interface TrackingSessionsOptions {
  readonly clock: Clock;
  /** From here on a detection is a person; a weaker one can only continue a track. */
  readonly highScore: number;
  readonly lowScore: number;
  /** Callers ask every now and then, not thirty times a second: a person is remembered this long. */
  readonly lostTrackMs: number;
  /** A session that nobody asked for during this time is forgotten, and its ids begin at 1 again. */
  readonly sessionTtlMs: number;
  /** Bound on sessions. When full, the one that was unused longest is forgotten. */
  readonly capacity: number;
}

interface Session {
  readonly tracker: ByteTracker;
  lastUsedMs: number;
}

/**
 * Who is who on the pictures of one camera, from call to call. Kept in the adapter that answers: another adapter counts its own
 * ids, which the answer says (`tracking: "local"`).
 */
export class TrackingSessions {
  /** The session that was unused longest comes first. */
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly options: TrackingSessionsOptions) {}

  get size(): number {
    return this.sessions.size;
  }

  /** Continues a session with the persons of its next picture; without a key, a session of this one picture. */
  update(key: string | undefined, objects: readonly DetectedObject[]): TrackedDetection<DetectedObject>[] {
    const nowMs = this.options.clock.monotonicMs();
    const tracker = key === undefined ? this.openTracker() : this.use(key, nowMs);
    return tracker.update(objects, nowMs);
  }

  private use(key: string, nowMs: number): ByteTracker {
    this.forgetUnused(nowMs);
    const tracker = this.sessions.get(key)?.tracker ?? this.openTracker();
    this.sessions.delete(key);
    this.sessions.set(key, { tracker, lastUsedMs: nowMs });
    return tracker;
  }

  private forgetUnused(nowMs: number): void {
    for (const [key, { lastUsedMs }] of this.sessions) {
      const expired = nowMs - lastUsedMs > this.options.sessionTtlMs;
      if (!expired && this.sessions.size < this.options.capacity) return;
      this.sessions.delete(key);
    }
  }

  private openTracker(): ByteTracker {
    const { highScore, lowScore, lostTrackMs } = this.options;
    return new ByteTracker({ highScore, lowScore, lostTrackMs });
  }
}
