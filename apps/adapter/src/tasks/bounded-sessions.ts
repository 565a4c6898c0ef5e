import type { Clock } from '@nightjar/runtime';

interface BoundedSessionsOptions<State> {
  readonly clock: Clock;
  /** A session that nobody asked for during this time is forgotten. */
  readonly sessionTtlMs: number;
  /** Bound on sessions. When full, a new one takes the place of the one that was unused longest. */
  readonly capacity: number;
  /** What a session begins with. */
  readonly open: () => State;
}

/**
 * What a task remembers of pictures that follow each other, by session. Kept in the adapter that answers: another adapter begins
 * anew.
 */
export class BoundedSessions<State> {
  /** The session that was unused longest comes first. */
  private readonly sessions = new Map<string, { readonly state: State; readonly usedMs: number }>();

  constructor(private readonly options: BoundedSessionsOptions<State>) {}

  get size(): number {
    return this.sessions.size;
  }

  /** The state of a session, begun when there is none; without a key, of a session that ends with this call. */
  use(key: string | undefined): State {
    const { clock, open } = this.options;
    if (key === undefined) return open();
    const nowMs = clock.monotonicMs();
    this.forgetUnused(nowMs);
    const state = this.sessions.get(key)?.state ?? this.begin();
    // Deleted first: it moves to the end of the order.
    this.sessions.delete(key);
    this.sessions.set(key, { state, usedMs: nowMs });
    return state;
  }

  private begin(): State {
    const [longestUnused] = this.sessions.keys();
    if (longestUnused !== undefined && this.sessions.size >= this.options.capacity) this.sessions.delete(longestUnused);
    return this.options.open();
  }

  private forgetUnused(nowMs: number): void {
    for (const [key, { usedMs }] of this.sessions) {
      if (nowMs - usedMs <= this.options.sessionTtlMs) return;
      this.sessions.delete(key);
    }
  }
}
