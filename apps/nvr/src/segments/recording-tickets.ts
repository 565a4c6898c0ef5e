import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@nightjar/runtime';
import { z } from 'zod';

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
 * Signs and checks the tickets that stand in the URL for players that can't send headers: `<payload>.<HMAC-SHA256>`, base64url. Whoever
 * comes with one is its user, with the rights that he has at that moment: it ends with his login too.
 */
export class RecordingTickets {
  private readonly key: Buffer;
  /** By request: what its ticket opens. */
  private readonly grants = new WeakMap<object, Ticket>();

  constructor(
    secretKeyBase64: string,
    private readonly clock: Clock,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', Buffer.from(secretKeyBase64, 'base64'), '', 'nightjar recording ticket', 32));
  }

  issue(grant: Omit<Ticket, 'expiresUnixMs'>): string {
    const payload = Buffer.from(JSON.stringify({ ...grant, expiresUnixMs: this.clock.wallMs() + ticketLifeMs } satisfies Ticket)).toString(
      'base64url',
    );
    return `${payload}.${this.sign(payload).toString('base64url')}`;
  }

  /** @returns undefined when the ticket is not ours, was changed, or is too old */
  verify(text: string): Ticket | undefined {
    if (text.length > 1_000) return undefined;
    const [payload = '', signature = '', ...rest] = text.split('.');
    const given = Buffer.from(signature, 'base64url');
    const expected = this.sign(payload);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    // One of an earlier release may lack something.
    const { data: ticket } = Ticket.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
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

  private sign(payload: string): Buffer {
    return createHmac('sha256', this.key).update(payload).digest();
  }
}
