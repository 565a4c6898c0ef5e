import { createStreamTicketReader, type BearerOptions, type Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';

/** The only route that a ticket opens. */
const ticketRoute = '/1/ws';
/** What a ticket gives its holder, and admins have. */
export const listenScope = 'streams:listen';
/** Used ones that are remembered, each for its minute at most. Full: no more are taken. */
const rememberedMax = 10_000;

/**
 * Tickets of nvr for listeners that can't send a header with a handshake: a browser. Each opens one stream, once. Another agent
 * knows nothing of it, but it has not got the stream.
 */
export class StreamTickets {
  private readonly read: ReturnType<typeof createStreamTicketReader>;
  /** When those that were used expire, by their id. */
  private readonly used = new Map<string, number>();

  constructor(private readonly options: Pick<BearerOptions, 'issuer' | 'findKey'> & { clock: Clock }) {
    this.read = createStreamTicketReader(options);
  }

  /** Whether a request comes with a ticket. A token goes first. */
  isShown(request: FastifyRequest): boolean {
    const { ticket } = request.query as { ticket?: unknown };
    return request.routeOptions.url === ticketRoute && request.headers.authorization === undefined && typeof ticket === 'string';
  }

  /** Lets the holder of a ticket in and uses it up. @throws AppError `unauthenticated`, `overloaded` */
  async admit(request: FastifyRequest): Promise<Principal> {
    const { expiresAtUnixMs, holder, streamId, ticketId } = await this.read(request);
    if ((request.query as { stream_id?: unknown }).stream_id !== streamId) throw refused();
    this.forgetExpired();
    if (this.used.has(ticketId)) throw refused();
    if (this.used.size >= rememberedMax) throw new AppError('overloaded', 'too many tickets were used lately', { retryAfterMs: 60_000 });
    this.used.set(ticketId, expiresAtUnixMs);
    return principalOf(holder);
  }

  private forgetExpired(): void {
    const nowMs = this.options.clock.wallMs();
    for (const [ticketId, expiresAtUnixMs] of this.used) if (expiresAtUnixMs < nowMs) this.used.delete(ticketId);
  }
}

type Holder = Awaited<ReturnType<ReturnType<typeof createStreamTicketReader>>>['holder'];

/** What is not known here of a holder, nobody asks: the NVR is asked about the holder as long as the stream lasts. */
function principalOf(holder: Holder): Principal {
  if (!holder) return { kind: 'service', name: 'stream ticket' };
  const known = { tenantId: 0, scopes: [listenScope] };
  if ('keyId' in holder) return { ...known, kind: 'api_key', keyId: holder.keyId };
  return { ...known, kind: 'user', userId: holder.userId, sessionId: holder.sessionId, username: 'holder of a ticket', isSuperuser: false };
}

function refused(): AppError {
  return new AppError('unauthenticated', 'the ticket is not valid, was used or is too old');
}
