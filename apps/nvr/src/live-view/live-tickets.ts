import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import { z } from 'zod';
import type { SessionCheck } from '../auth/session-check.js';
import type { UsersStore } from '../users/users.store.js';

/** What a ticket is for: the live video of a camera, or its newest picture. */
const Opens = z.enum(['live', 'snapshot']);
type Opens = z.infer<typeof Opens>;

/** The only routes that tickets open: the playlist of one camera and what it names; its picture. */
export const liveTicketRoutes: ReadonlyMap<string | undefined, Opens> = new Map([
  ['/api/v1/cameras/:reference/live/:file', 'live'],
  ['/api/v1/cameras/:reference/snapshot', 'snapshot'],
]);

export const liveTicketSeconds = 3_600;

const Ticket = z.object({
  opens: Opens,
  cameraId: z.number().int(),
  userId: z.number().int(),
  sessionId: z.string().optional(),
  tokenVersion: z.number().int(),
  expiresUnixMs: z.number(),
});
type Ticket = z.infer<typeof Ticket>;

/**
 * Tickets stand in the addresses of a live playlist for players that can't send headers: `<payload>.<HMAC-SHA256>`, base64url. A ticket
 * is for one camera and for one user, who is asked for again with each request: it ends with his session, his account, or his right
 * to the camera.
 */
export class LiveTickets {
  private readonly key: Buffer;

  constructor(private readonly options: { secretKey: string; users: UsersStore; sessions: SessionCheck; clock: Clock }) {
    this.key = Buffer.from(hkdfSync('sha256', Buffer.from(options.secretKey, 'base64'), '', 'nightjar live ticket', 32));
  }

  /** @throws AppError `permission_denied` for who is no user */
  async issue(principal: Principal, cameraId: number, opens: Opens = 'live'): Promise<string> {
    if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users get tickets');
    const { sessionId, userId } = principal;
    const user = await this.options.users.findById(userId);
    if (!user) throw new AppError('unauthenticated', 'Not authenticated');
    const expiresUnixMs = this.options.clock.wallMs() + liveTicketSeconds * 1_000;
    const ticket: Ticket = { opens, cameraId, userId, tokenVersion: user.tokenVersion, expiresUnixMs, ...(sessionId && { sessionId }) };
    const payload = Buffer.from(JSON.stringify(ticket)).toString('base64url');
    return `${payload}.${this.sign(payload).toString('base64url')}`;
  }

  /** Who came with a ticket for this route and camera. @throws AppError `unauthenticated` */
  async admit(text: string, { reference, route }: { reference: string | undefined; route: string | undefined }): Promise<Principal> {
    const ticket = this.read(text);
    if (!ticket || ticket.opens !== liveTicketRoutes.get(route) || String(ticket.cameraId) !== reference)
      throw new AppError('unauthenticated', 'the ticket is not valid or too old');
    const { sessionId, tokenVersion, userId } = ticket;
    const user = await this.options.users.findById(userId);
    const session = sessionId === undefined ? {} : { sid: sessionId };
    if (!user || !(await this.options.sessions.accepts({ uid: userId, ver: tokenVersion, ...session })))
      throw new AppError('unauthenticated', 'Not authenticated');
    return { kind: 'user', userId, username: user.username, tenantId: user.tenantId, isSuperuser: user.isSuperuser, sessionId };
  }

  private read(text: string): Ticket | undefined {
    if (text.length > 1_000) return undefined;
    const [payload = '', signature = '', ...rest] = text.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = this.sign(payload);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const ticket = Ticket.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return ticket.expiresUnixMs > this.options.clock.wallMs() ? ticket : undefined;
  }

  private sign(payload: string): Buffer {
    return createHmac('sha256', this.key).update(payload).digest();
  }
}
