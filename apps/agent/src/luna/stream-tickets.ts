import { createStreamTicketReader, type BearerOptions, type Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';

/** The only route that a ticket opens. */
const ticketRoute = '/1/ws';
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
    const { expiresAtUnixMs, streamId, ticketId } = await this.read(request);
    if ((request.query as { stream_id?: unknown }).stream_id !== streamId) throw refused();
    this.forgetExpired();
    if (this.used.has(ticketId)) throw refused();
    if (this.used.size >= rememberedMax) throw new AppError('overloaded', 'too many tickets were used lately', { retryAfterMs: 60_000 });
    this.used.set(ticketId, expiresAtUnixMs);
    return { kind: 'service', name: 'stream ticket' };
  }

  private forgetExpired(): void {
    const nowMs = this.options.clock.wallMs();
    for (const [ticketId, expiresAtUnixMs] of this.used) if (expiresAtUnixMs < nowMs) this.used.delete(ticketId);
  }
}

function refused(): AppError {
  return new AppError('unauthenticated', 'the ticket is not valid, was used or is too old');
}
