import type { AccessClaims } from '@nightjar/auth';
import type { Clock } from '@nightjar/runtime';
import { scopesOfRole } from '../roles/permissions.js';
import type { UsersStore } from '../users/users.store.js';
import type { SessionsStore } from './sessions.store.js';

/** Longest time that a token outlives the end of its session or the deactivation of its user. */
const cacheMs = 5_000;
/** Full: all are forgotten and asked anew, which costs a query or two for each active session. */
const cachedMax = 10_000;

/** What of a token says whose it is, and since when. */
type SessionClaims = Pick<AccessClaims, 'uid' | 'sid' | 'ver'>;

/** What a session is good for. */
export interface SessionAccess {
  tokenVersion: number;
  /** Scopes of routes that the user's role opens. */
  scopes: readonly string[];
}

interface Known {
  /** Undefined for a user who is gone or inactive, or a session that has ended. */
  access: SessionAccess | undefined;
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
    return (await this.find(claims))?.tokenVersion === claims.ver;
  }

  /** Undefined when there is none any more. What a role gains or loses counts within 5 s. */
  async find({ uid, sid }: Pick<SessionClaims, 'uid' | 'sid'>): Promise<SessionAccess | undefined> {
    const key = `${uid} ${sid ?? ''}`;
    const known = this.known.get(key);
    if (known && this.clock.monotonicMs() - known.askedAtMs < cacheMs) return known.access;
    const [user, isOpen] = await Promise.all([this.users.findById(uid), sid === undefined || this.sessions.isOpen(sid)]);
    if (this.known.size >= cachedMax) this.known.clear();
    const access = user?.isActive && isOpen ? { tokenVersion: user.tokenVersion, scopes: scopesOfRole(user.role) } : undefined;
    this.known.set(key, { access, askedAtMs: this.clock.monotonicMs() });
    return access;
  }

  /** A session that was just ended here is refused here at once. */
  forget(sessionId: string): void {
    for (const key of this.known.keys()) if (key.endsWith(` ${sessionId}`)) this.known.delete(key);
  }
}
