import type { AccessClaims } from '@nightjar/auth';
import type { Clock } from '@nightjar/runtime';
import type { UsersStore } from '../users/users.store.js';

/** Longest time that a token outlives the deactivation of its user. */
const cacheMs = 5_000;
/** Full: all are forgotten and asked anew, which costs one query for each active user. */
const cachedUsersMax = 10_000;

interface Known {
  tokenVersion: number | undefined;
  askedAtMs: number;
}

/** Whether the user of a well-signed token may still use it. */
export class SessionCheck {
  private readonly known = new Map<number, Known>();

  constructor(
    private readonly users: UsersStore,
    private readonly clock: Clock,
  ) {}

  async accepts(claims: AccessClaims): Promise<boolean> {
    return (await this.tokenVersionOf(claims.uid)) === claims.ver;
  }

  /** Undefined for a user who is gone or inactive. */
  private async tokenVersionOf(userId: number): Promise<number | undefined> {
    const known = this.known.get(userId);
    if (known && this.clock.monotonicMs() - known.askedAtMs < cacheMs) return known.tokenVersion;
    const user = await this.users.findById(userId);
    if (this.known.size >= cachedUsersMax) this.known.clear();
    const tokenVersion = user?.isActive ? user.tokenVersion : undefined;
    this.known.set(userId, { tokenVersion, askedAtMs: this.clock.monotonicMs() });
    return tokenVersion;
  }
}
