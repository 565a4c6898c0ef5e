import type { Clock } from '@nightjar/runtime';
import { z } from 'zod';
import { SignedTickets } from '../auth/signed-ticket.js';

/** The only routes that a ticket opens. */
export const ticketRoutes: ReadonlySet<string | undefined> = new Set([
  '/api/v1/recordings/files/:file',
  '/api/v1/recordings/:reference/clip.mp4',
  '/api/v1/recordings/:reference/frame.jpg',
]);

export const ticketLifeMs = 5 * 60_000;

/** What a ticket lets its bearer play, without a header: one camera, one range of time (Unix ms), as the user who asked for it. */
const Ticket = z.object({
  cameraId: z.number().int(),
  fromUnixMs: z.number(),
  toUnixMs: z.number(),
  userId: z.number().int(),
  sessionId: z.string().optional(),
  tokenVersion: z.number().int(),
  expiresUnixMs: z.number(),
});
export type Ticket = z.infer<typeof Ticket>;

/**
 * The tickets that stand in the URL for players that can't send headers. Whoever comes with one is its user, with the rights that he has
 * at that moment: it ends with his login too.
 */
export class RecordingTickets {
  private readonly signed: SignedTickets<typeof Ticket>;
  /** By request: what its ticket opens. */
  private readonly grants = new WeakMap<object, Ticket>();

  constructor(
    secretKeyBase64: string,
    private readonly clock: Clock,
  ) {
    this.signed = new SignedTickets({ secretKeyBase64, label: 'nightjar recording ticket', schema: Ticket });
  }

  issue(grant: Omit<Ticket, 'expiresUnixMs'>): string {
    return this.signed.sign({ ...grant, expiresUnixMs: this.clock.wallMs() + ticketLifeMs });
  }

  /** @returns undefined when the ticket is not ours, was changed, or is too old */
  verify(text: string): Ticket | undefined {
    const ticket = this.signed.read(text);
    return ticket && ticket.expiresUnixMs > this.clock.wallMs() ? ticket : undefined;
  }

  /** As `verify`, for a request whose `grantOf` it is from then on. */
  admit(request: object, text: string): Ticket | undefined {
    const ticket = this.verify(text);
    if (ticket) this.grants.set(request, ticket);
    return ticket;
  }

  /** What the ticket of an admitted request opens; undefined when it came without. */
  grantOf(request: object): Ticket | undefined {
    return this.grants.get(request);
  }
}
