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
  /** Its holder, whose right may end while the stream goes on: a user of a session, or a key; neither for a service. */
  uid?: number;
  sid?: string;
  key?: string;
}

interface ReadStreamTicket {
  streamId: string;
  /** Tells tickets apart, so that each is used once. */
  ticketId: string;
  expiresAtUnixMs: number;
  holder: TicketHolder | undefined;
}

/** Undefined where it stands: a service. */
type TicketHolder = { userId: number; sessionId: string | undefined } | { keyId: string };

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

function ticketOf(claims: Partial<StreamTicketClaims> & { jti?: string; exp?: number }): ReadStreamTicket | undefined {
  const { exp, jti, stream_id: streamId, typ } = claims;
  if (typ !== 'stream_ticket' || typeof streamId !== 'string' || typeof jti !== 'string' || jti.length > 64 || exp === undefined)
    return undefined;
  return { streamId, ticketId: jti, expiresAtUnixMs: exp * 1_000, holder: holderIn(claims) };
}

function holderIn({ key, sid, uid }: Partial<StreamTicketClaims>): TicketHolder | undefined {
  if (uid !== undefined) return { userId: uid, sessionId: sid };
  return key === undefined ? undefined : { keyId: key };
}
