import { randomBytes } from 'node:crypto';
import { hashApiKey, type Principal } from '@nightjar/auth';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import type { SessionCheck } from '../auth/session-check.js';
import { holderOf, principalOfHolder, type TicketHolder } from '../auth/ticket-holder.js';
import type { UsersStore } from '../users/users.store.js';

const sessionRoute = '/api/v1/recordings/playback/hls/:session/:file';
const exportRoute = '/api/v1/recordings/export';

/** The only routes that these tickets open. */
export const playbackTicketRoutes: ReadonlySet<string | undefined> = new Set([sessionRoute, exportRoute, '/api/v1/exports/:id/file']);

export const downloadTicketSeconds = 300;
/** Unused ones of one user; more are 429. */
const downloadTicketsMax = 50;

/** What a download ticket opens. */
interface DownloadGrant {
  cameraId: number;
  startsAt: Date;
  endsAt: Date;
  fileName: string;
  /** Of a file that is made already; null: the range itself, once. */
  exportId: string | null;
}

type DownloadTicket = NonNullable<Awaited<ReturnType<NvrDatabase['downloadTicket']['findUnique']>>>;

/** A new ticket, and what is kept of it. */
export interface SessionTicket {
  ticket: string;
  sha256: Uint8Array<ArrayBuffer>;
  holder: TicketHolder;
}

/**
 * Tickets stand in the URL of a playlist or a download, for players and browsers that can't send headers. Whoever comes with one
 * is its user, with the rights that he has at that moment: it ends with his login, and his cameras are asked for as always.
 */
export class PlaybackTickets {
  /** By request: what its ticket opens. */
  private readonly grants = new WeakMap<object, DownloadTicket>();

  constructor(
    private readonly database: NvrDatabase,
    private readonly users: UsersStore,
    private readonly sessions: SessionCheck,
  ) {}

  /** For a playback session that is about to begin. Undefined for API keys: they can send headers. */
  async makeForSession(principal: Principal): Promise<SessionTicket | undefined> {
    if (principal.kind !== 'user') return undefined;
    const ticket = randomBytes(32).toString('base64url');
    return { ticket, sha256: digestOf(ticket), holder: await holderOf(principal, this.users) };
  }

  /** @throws AppError `permission_denied` for who is no user, `rate_limited` */
  async issueForDownload(principal: Principal, grant: DownloadGrant): Promise<string> {
    const { sessionId, tokenVersion, userId } = await holderOf(principal, this.users);
    await this.database.downloadTicket.deleteMany({ where: { expiresAt: { lt: new Date() } } });
    if ((await this.database.downloadTicket.count({ where: { userId } })) >= downloadTicketsMax)
      throw new AppError('rate_limited', 'too many tickets wait to be used', { retryAfterMs: 30_000 });
    const ticket = randomBytes(32).toString('base64url');
    const expiresAt = new Date(Date.now() + downloadTicketSeconds * 1_000);
    await this.database.downloadTicket.create({
      data: { ...grant, sha256: digestOf(ticket), userId, sessionId: sessionId ?? null, tokenVersion, expiresAt },
    });
    return ticket;
  }

  /**
   * Who came with a ticket on one of `playbackTicketRoutes`. One for a range is used up, unless only its head is asked for.
   * @throws AppError `unauthenticated`; `permission_denied` for a range's ticket that is unknown, too old or used
   */
  async admit(request: FastifyRequest, ticket: string): Promise<Principal> {
    const holder =
      request.routeOptions.url === sessionRoute ? await this.findSession(request, ticket) : await this.redeemDownload(request, ticket);
    return principalOfHolder(holder, this.users, this.sessions);
  }

  /** What the ticket of an admitted request opens; undefined when it came without. */
  grantOf(request: FastifyRequest): DownloadGrant | undefined {
    return this.grants.get(request.raw);
  }

  /** A request got nothing for its ticket, because too much was asked for at once: it may be used once more, as long as it would have lasted. */
  async restore(request: FastifyRequest): Promise<void> {
    const ticket = this.grants.get(request.raw);
    if (ticket) await this.database.downloadTicket.createMany({ data: [ticket], skipDuplicates: true });
  }

  private async findSession(request: FastifyRequest, ticket: string): Promise<TicketHolder> {
    const row = await this.database.playbackSession.findUnique({ where: { ticketSha256: digestOf(ticket) } });
    const { session } = request.params as { session?: string };
    if (row?.id !== session || !row || row.userId === null || row.tokenVersion === null || row.expiresAt <= new Date())
      throw new AppError('unauthenticated', 'the ticket is not valid or too old');
    return { userId: row.userId, tokenVersion: row.tokenVersion, sessionId: row.sessionId ?? undefined };
  }

  private async redeemDownload(request: FastifyRequest, ticket: string): Promise<TicketHolder> {
    const where = { sha256: digestOf(ticket) };
    const row = await this.database.downloadTicket.findUnique({ where });
    const isOfRange = request.routeOptions.url === exportRoute;
    const refused = new AppError(isOfRange ? 'permission_denied' : 'unauthenticated', 'the ticket is not valid, was used or is too old');
    if (!row || row.expiresAt <= new Date() || (row.exportId === null) !== isOfRange) throw refused;
    // Of two that come at once, one finds it gone.
    if (isOfRange && request.method !== 'HEAD' && (await this.database.downloadTicket.deleteMany({ where })).count === 0) throw refused;
    this.grants.set(request.raw, { ...row, sha256: where.sha256 });
    return { userId: row.userId, tokenVersion: row.tokenVersion, sessionId: row.sessionId ?? undefined };
  }
}

function digestOf(ticket: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hashApiKey(ticket));
}
