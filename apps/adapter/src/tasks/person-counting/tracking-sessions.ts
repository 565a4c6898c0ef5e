import { ByteTracker, type TrackedDetection } from '@nightjar/tracking';
import type { Clock } from '@nightjar/runtime';
import type { DetectedObject } from '../../engine/engine-tasks.js';
import { BoundedSessions } from '../bounded-sessions.js';

interface TrackingSessionsOptions {
  readonly clock: Clock;
  /** From here on a detection is a person; a weaker one can only continue a track. */
  readonly highScore: number;
  readonly lowScore: number;
  /** Callers ask every now and then, not thirty times a second: a person is remembered this long. */
  readonly lostTrackMs: number;
  /** A session that nobody asked for during this time is forgotten, and its ids begin at 1 again. */
  readonly sessionTtlMs: number;
  readonly capacity: number;
}

/**
 * Who is who on the pictures of one camera, from call to call. Another adapter counts its own ids, which the answer says
 * (`tracking: "local"`).
 */
export class TrackingSessions {
  private readonly sessions: BoundedSessions<ByteTracker>;

  constructor(private readonly options: TrackingSessionsOptions) {
    const { clock, sessionTtlMs, capacity, highScore, lowScore, lostTrackMs } = options;
    const open = () => new ByteTracker({ highScore, lowScore, lostTrackMs });
    this.sessions = new BoundedSessions({ clock, sessionTtlMs, capacity, open });
  }

  /** Continues a session with the persons of its next picture; without a key, a session of this one picture. */
  update(key: string | undefined, objects: readonly DetectedObject[]): TrackedDetection<DetectedObject>[] {
    return this.sessions.use(key).update(objects, this.options.clock.monotonicMs());
  }
}
