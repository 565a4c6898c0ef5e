import type { AccessClaims } from '@nightjar/auth';
import type { Clock } from '@nightjar/runtime';
import type { UsersStore } from '../users/users.store.js';
import type { SessionsStore } from './sessions.store.js';

/** Longest time that a token outlives the end of its session or the deactivation of its user. */
const cacheMs = 5_000;
/** Full: all are forgotten and asked anew, which costs a query or two for each active session. */
const cachedMax = 10_000;

/** What of a token says whose it is, and since when. */
type SessionClaims = Pick<AccessClaims, 'uid' | 'sid' | 'ver'>;

interface Known {
  /** Undefined for a user who is gone or inactive, or a session that has ended. */
  tokenVersion: number | undefined;
  askedAtMs: number;
}

/** Whether the user of a well-signed token may still use it. */
export class SessionCheck {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly users: UsersStore,
    private readonly sessions: SessionsStore,
    private readonly clock: Clock,
  ) {}

  async accepts(claims: SessionClaims): Promise<boolean> {
    return (await this.tokenVersionOf(claims)) === claims.ver;
  }

  /** A session that was just ended here is refused here at once. */
  forget(sessionId: string): void {
    for (const key of this.known.keys()) if (key.endsWith(` ${sessionId}`)) this.known.delete(key);
  }

  private async tokenVersionOf({ uid, sid }: SessionClaims): Promise<number | undefined> {
    const key = `${uid} ${sid ?? ''}`;
    const known = this.known.get(key);
    if (known && this.clock.monotonicMs() - known.askedAtMs < cacheMs) return known.tokenVersion;
    const [user, isOpen] = await Promise.all([this.users.findById(uid), sid === undefined || this.sessions.isOpen(sid)]);
    if (this.known.size >= cachedMax) this.known.clear();
    const tokenVersion = user?.isActive && isOpen ? user.tokenVersion : undefined;
    this.known.set(key, { tokenVersion, askedAtMs: this.clock.monotonicMs() });
    return tokenVersion;
  }
}
