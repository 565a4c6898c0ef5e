import { ExtractJwt, Strategy } from 'passport-jwt';
import type { FastifyRequest } from 'fastify';
import { jwtAlgorithm, keyOfToken, runStrategy, type BearerOptions } from './bearer-token.js';

/** Of tickets for live results of a stream: nothing else takes them, and they are no access tokens. */
export const streamTicketAudience = 'nightjar-stream';

/** Claims of a ticket, beside the registered ones. */
export interface StreamTicketClaims {
  /** The only stream that it opens. */
  stream_id: string;
  typ: 'stream_ticket';
}

interface ReadStreamTicket {
  streamId: string;
  /** Tells tickets apart, so that each is used once. */
  ticketId: string;
  expiresAtUnixMs: number;
}

/**
 * Verifies `?ticket=<JWT>` as bearer tokens are verified, with an audience of its own.
 * @returns a function that gives what the ticket opens, and throws AppError `unauthenticated` for anything else (or the AppError
 *   of `findKey`)
 */
export function createStreamTicketReader(
  options: Pick<BearerOptions, 'issuer' | 'findKey'>,
): (request: FastifyRequest) => Promise<ReadStreamTicket> {
  const strategy = new Strategy(
    {
      jwtFromRequest: ExtractJwt.fromUrlQueryParameter('ticket'),
      algorithms: [jwtAlgorithm],
      issuer: options.issuer,
      audience: streamTicketAudience,
      secretOrKeyProvider: (_request: unknown, token: string, done: (error: Error | null, key?: string) => void) => {
        keyOfToken(token, options.findKey).then(
          (key) => done(key === undefined ? new Error('unknown key') : null, key),
          (error: Error) => done(error),
        );
      },
    },
    (claims: Partial<StreamTicketClaims> & { jti?: string; exp?: number }, done: (error: null, ticket: ReadStreamTicket | false) => void) =>
      done(null, ticketOf(claims) ?? false),
  );
  return (request) => runStrategy<ReadStreamTicket>(strategy, request);
}

function ticketOf({
  exp,
  jti,
  stream_id,
  typ,
}: Partial<StreamTicketClaims> & { jti?: string; exp?: number }): ReadStreamTicket | undefined {
  if (typ !== 'stream_ticket' || typeof stream_id !== 'string' || typeof jti !== 'string' || jti.length > 64 || exp === undefined)
    return undefined;
  return { streamId: stream_id, ticketId: jti, expiresAtUnixMs: exp * 1_000 };
}
