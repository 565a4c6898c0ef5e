import type { AccessClaims } from '@nightjar/auth';
import type { Clock } from '@nightjar/runtime';
import { isPrivileged, scopesOfRole } from '../roles/permissions.js';
import type { User, UsersStore } from '../users/users.store.js';
import type { SessionsStore } from './sessions.store.js';
import type { SignInPolicies } from './sign-in-policies.js';

/** Longest time that a token outlives, in processes other than the one that was asked, what its user or session lost. */
const cacheMs = 5_000;
/** Full: all are forgotten and asked anew, which costs a query or two for each active session. */
const cachedMax = 10_000;

/** What of a token says whose it is, and since when. */
type SessionClaims = Pick<AccessClaims, 'uid' | 'sid' | 'ver'>;

/** What a session is good for. */
interface SessionAccess {
  tokenVersion: number;
  /** Scopes of routes that the user's role opens. */
  scopes: readonly string[];
  /** The policy asks for a second factor that the user does not have: only his own sign-in settings are open. */
  lacksSecondFactor: boolean;
}

interface Known {
  /** Undefined for a user who is gone or inactive, or a session that has ended. */
  access: Promise<SessionAccess | undefined>;
  askedAtMs: number;
}

/** Whether the user of a well-signed token may still use it. */
export class SessionCheck {
  private readonly known = new Map<string, Known>();

  constructor(private readonly parts: { users: UsersStore; sessions: SessionsStore; policies: SignInPolicies; clock: Clock }) {}

  async accepts(claims: SessionClaims): Promise<boolean> {
    return (await this.find(claims))?.tokenVersion === claims.ver;
  }

  /**
   * What a user gained or lost is known here at once, in all of the user's sessions. Call it when the change is committed: an answer
   * that was asked for before is forgotten then, also while it is on its way.
   */
  forgetUser(userId: number): void {
    for (const key of this.known.keys()) if (key.startsWith(`${userId} `)) this.known.delete(key);
  }

  /** What many gained or lost at once, by a role or a policy, is known here at once. Costs a query or two for each active session. */
  forgetAll(): void {
    this.known.clear();
  }

  /**
   * Undefined when there is none any more. What another process changed counts within 5 s. Who asks for the same while the answer is on its
   * way gets that one: all streams of a session ask at once, and the client of the database keeps a plan for each number of questions.
   */
  find({ uid, sid }: Pick<SessionClaims, 'uid' | 'sid'>): Promise<SessionAccess | undefined> {
    const key = `${uid} ${sid ?? ''}`;
    const nowMs = this.parts.clock.monotonicMs();
    const known = this.known.get(key);
    if (known && nowMs - known.askedAtMs < cacheMs) return known.access;
    if (this.known.size >= cachedMax) this.known.clear();
    const asked: Known = { access: this.ask(uid, sid), askedAtMs: nowMs };
    this.known.set(key, asked);
    // A failure is nobody's but those who asked.
    asked.access.catch(() => this.known.get(key) === asked && this.known.delete(key));
    return asked.access;
  }

  /** A session that was just ended here is refused here at once. */
  forget(sessionId: string): void {
    for (const key of this.known.keys()) if (key.endsWith(` ${sessionId}`)) this.known.delete(key);
  }

  private async ask(uid: number, sid: string | undefined): Promise<SessionAccess | undefined> {
    const { users, sessions } = this.parts;
    const [user, isOpen] = await Promise.all([users.findById(uid), sid === undefined || sessions.isOpen(sid)]);
    return user?.isActive && isOpen ? this.accessOf(user) : undefined;
  }

  private async accessOf({ role, tokenVersion, totpEnabledAt }: User): Promise<SessionAccess> {
    const mayLack = totpEnabledAt !== null || !isPrivileged(role);
    const lacksSecondFactor = !mayLack && (await this.parts.policies.current()).requiresMfaOfPrivileged;
    return { tokenVersion, scopes: scopesOfRole(role), lacksSecondFactor };
  }
}
