import { createBearerAuthenticator, type Authenticate, type Principal } from '@nightjar/auth';
import { orUnavailable } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { recordingFileRoute, type RecordingTickets } from '../segments/recording-tickets.js';
import type { SessionCheck } from './session-check.js';
import type { SigningKeys } from './signing-keys.js';

/** Principal of a request that came with a recording ticket instead of a token. */
export const ticketHolder: Principal = { kind: 'service', name: 'recording ticket' };

/** Finds out who calls: the bearer of an access token, or, on the route of recorded files only, the holder of a ticket. */
export class RequestAuthenticator {
  private readonly authenticateBearer: Authenticate;

  constructor(private readonly options: { issuer: string; signingKeys: SigningKeys; sessions: SessionCheck; tickets: RecordingTickets }) {
    const { issuer, sessions, signingKeys } = options;
    this.authenticateBearer = createBearerAuthenticator({
      issuer,
      findKey: (kid) => signingKeys.findPublicPem(kid),
      accepts: (claims) => sessions.accepts(claims),
    });
  }

  /** @throws AppError `unauthenticated`, or `unavailable` while the database that knows is away */
  async authenticate(request: FastifyRequest): Promise<Principal> {
    const ticket = ticketOf(request);
    if (ticket !== undefined) {
      if (!this.options.tickets.verify(ticket)) throw new AppError('unauthenticated', 'the ticket is not valid or too old');
      return ticketHolder;
    }
    return orUnavailable(this.authenticateToken(request));
  }

  private async authenticateToken(request: FastifyRequest): Promise<Principal> {
    await this.options.signingKeys.refresh();
    return this.authenticateBearer(request);
  }
}

function ticketOf(request: FastifyRequest): string | undefined {
  if (request.routeOptions.url !== recordingFileRoute || request.headers.authorization !== undefined) return undefined;
  const { ticket } = request.query as { ticket?: unknown };
  return typeof ticket === 'string' ? ticket : undefined;
}
