import type { Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import { z } from 'zod';
import type { SessionCheck } from '../auth/session-check.js';
import { SignedTickets } from '../auth/signed-ticket.js';
import { holderOf, principalOfHolder } from '../auth/ticket-holder.js';
import type { ApiKeys } from '../keys/api-keys.js';
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

const grant = { opens: Opens, cameraId: z.number().int(), expiresUnixMs: z.number() };
const Ticket = z.union([
  z.object({ ...grant, userId: z.number().int(), sessionId: z.string().optional(), tokenVersion: z.number().int() }),
  z.object({ ...grant, keyId: z.string() }),
]);

/**
 * Tickets stand in the addresses of live video and of pictures, for players and programs that can't send headers. A ticket is for one
 * camera and for who asked for it, who is looked for again with each request: it ends with his session, his account, or his right to the
 * camera; that of an API key, with the key.
 */
export class LiveTickets {
  private readonly signed: SignedTickets<typeof Ticket>;

  constructor(private readonly options: { secretKey: string; users: UsersStore; sessions: SessionCheck; apiKeys: ApiKeys; clock: Clock }) {
    this.signed = new SignedTickets({ secretKeyBase64: options.secretKey, label: 'nightjar live ticket', schema: Ticket });
  }

  /** @throws AppError `permission_denied` for who is no user */
  async issue(principal: Principal, cameraId: number): Promise<string> {
    const holder = await holderOf(principal, this.options.users);
    return this.signed.sign({ opens: 'live', cameraId, expiresUnixMs: this.expiryIn(liveTicketSeconds), ...holder });
  }

  /**
   * For the newest picture. One that is to last longer than others is for a program that reads it for ever, so it does not end with the
   * login: with the key, or with the user's account or password.
   * @throws AppError `permission_denied` for who is neither user nor key
   */
  async issueForSnapshot(principal: Principal, { cameraId, seconds }: { cameraId: number; seconds: number }): Promise<string> {
    const granted = { opens: 'snapshot' as const, cameraId, expiresUnixMs: this.expiryIn(seconds) };
    if (principal.kind === 'api_key') return this.signed.sign({ ...granted, keyId: principal.keyId });
    const holder = await holderOf(principal, this.options.users);
    return this.signed.sign({ ...granted, ...holder, sessionId: seconds > liveTicketSeconds ? undefined : holder.sessionId });
  }

  /** Who came with a ticket for this route and camera. @throws AppError `unauthenticated` */
  async admit(text: string, { reference, route }: { reference: string | undefined; route: string | undefined }): Promise<Principal> {
    const { apiKeys, clock, sessions, users } = this.options;
    const ticket = this.signed.read(text);
    const isValid = ticket && ticket.expiresUnixMs > clock.wallMs();
    if (!isValid || ticket.opens !== liveTicketRoutes.get(route) || String(ticket.cameraId) !== reference)
      throw new AppError('unauthenticated', 'the ticket is not valid or too old');
    if (!('keyId' in ticket)) return principalOfHolder({ ...ticket, sessionId: ticket.sessionId }, users, sessions);
    const principal = await apiKeys.find(ticket.keyId);
    if (!principal) throw new AppError('unauthenticated', 'Not authenticated');
    return principal;
  }

  private expiryIn(seconds: number): number {
    return this.options.clock.wallMs() + seconds * 1_000;
  }
}
