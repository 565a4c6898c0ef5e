import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hashApiKey, type Principal } from '@nightjar/auth';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { SessionCheck } from '../auth/session-check.js';
import { holderOf, principalOfHolder, type TicketHolder } from '../auth/ticket-holder.js';
import type { UsersStore } from '../users/users.store.js';

/** The only routes that a ticket opens. */
export const streamRoutes: ReadonlySet<string | undefined> = new Set([
  '/api/v1/events/stream',
  '/api/v1/events/ws',
  '/1/ws',
  '/api/v1/cameras/:reference/live',
  '/api/v1/cameras/:reference/live.mjpeg',
]);

export const streamTicketSeconds = 30;
/** Unused ones of one user; more are 429. */
const ticketsMax = 50;

/**
 * Tickets stand in the URL of a live stream, where a token may not, for browsers that can't send headers with a handshake. Each
 * opens one stream, of any process, within 30 s; the row goes with its use. The stream ends with the session that asked for it.
 */
export class StreamTickets {
  /** By the request that came with the ticket: it is asked again who he is as long as his stream lives. */
  private readonly holders = new WeakMap<object, TicketHolder>();

  constructor(
    private readonly database: NvrDatabase,
    private readonly users: UsersStore,
    private readonly sessions: SessionCheck,
  ) {}

  /** @throws AppError `permission_denied` for who is no user, `rate_limited` */
  async issue(principal: Principal): Promise<string> {
    const { userId, sessionId, tokenVersion } = await holderOf(principal, this.users);
    await this.database.streamTicket.deleteMany({ where: { expiresAt: { lt: new Date() } } });
    if ((await this.database.streamTicket.count({ where: { userId } })) >= ticketsMax)
      throw new AppError('rate_limited', 'too many tickets wait to be used', { retryAfterMs: streamTicketSeconds * 1_000 });
    const ticket = randomBytes(32).toString('base64url');
    await this.database.$executeRaw`
      INSERT INTO nvr.stream_ticket (sha256, user_id, session_id, token_version, expires_at)
      VALUES (${digestOf(ticket)}, ${userId}, ${sessionId ?? null}::uuid, ${tokenVersion}, now() + ${streamTicketSeconds} * interval '1 s')`;
    return ticket;
  }

  /** Who came with a ticket: the first question uses it up, unless only a head is asked for. @throws AppError `unauthenticated` */
  async admit(request: IncomingMessage, ticket: string): Promise<Principal> {
    const holder = this.holders.get(request) ?? (await (request.method === 'HEAD' ? this.find(ticket) : this.redeem(ticket)));
    if (!holder) throw new AppError('unauthenticated', 'the ticket is not valid, was used or is too old');
    this.holders.set(request, holder);
    return principalOfHolder(holder, this.users, this.sessions);
  }

  private async redeem(ticket: string): Promise<TicketHolder | undefined> {
    const [row] = await this.database.$queryRaw<TicketRow[]>`
      DELETE FROM nvr.stream_ticket WHERE sha256 = ${digestOf(ticket)}
      RETURNING user_id, session_id, token_version, expires_at > now() AS fresh`;
    return holderIn(row);
  }

  private async find(ticket: string): Promise<TicketHolder | undefined> {
    const [row] = await this.database.$queryRaw<TicketRow[]>`
      SELECT user_id, session_id, token_version, expires_at > now() AS fresh FROM nvr.stream_ticket WHERE sha256 = ${digestOf(ticket)}`;
    return holderIn(row);
  }
}

interface TicketRow {
  user_id: number;
  session_id: string | null;
  token_version: number;
  fresh: boolean;
}

function holderIn(row: TicketRow | undefined): TicketHolder | undefined {
  return row?.fresh ? { userId: row.user_id, sessionId: row.session_id ?? undefined, tokenVersion: row.token_version } : undefined;
}

function digestOf(ticket: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hashApiKey(ticket));
}
