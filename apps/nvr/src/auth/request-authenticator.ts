import { createBearerAuthenticator, presentedCredential, requireAllowed, type Principal } from '@nightjar/auth';
import { orUnavailable } from '@nightjar/database';
import type { Network } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { findInternalService } from '../internal/internal-key.js';
import type { ApiKeys } from '../keys/api-keys.js';
import { streamRoutes, type StreamTickets } from '../live/stream-tickets.js';
import { liveTicketRoutes, type LiveTickets } from '../live-view/live-tickets.js';
import { playbackTicketRoutes, type PlaybackTickets } from '../playback/playback-tickets.js';
import { findTrustedAgent } from '../luna/luna-account.js';
import { ticketRoutes, type RecordingTickets } from '../segments/recording-tickets.js';
import type { UsersStore } from '../users/users.store.js';
import type { SessionCheck } from './session-check.js';
import type { SigningKeys } from './signing-keys.js';
import { principalOfHolder } from './ticket-holder.js';

/** What a user without the second factor that the policy asks for can still reach: to set it up. */
const signInSettings = '/api/v1/auth/';

/** Finds out who calls: the bearer of an access token or of an API key, or, on the routes of recorded files and live streams only, the holder of a ticket. */
export class RequestAuthenticator {
  private readonly authenticateBearer: (request: FastifyRequest) => Promise<Principal>;

  constructor(
    private readonly options: {
      issuer: string;
      signingKeys: SigningKeys;
      users: UsersStore;
      sessions: SessionCheck;
      apiKeys: ApiKeys;
      tickets: RecordingTickets;
      streamTickets: StreamTickets;
      liveTickets: LiveTickets;
      playbackTickets: PlaybackTickets;
      internalApiKey: string | undefined;
      lunaTrustedNetworks: readonly Network[];
    },
  ) {
    const { issuer, sessions, signingKeys } = options;
    this.authenticateBearer = createBearerAuthenticator({
      issuer,
      findKey: (kid) => signingKeys.findPublicPem(kid),
      accepts: (claims) => sessions.accepts(claims),
    });
  }

  /** @throws AppError `unauthenticated`, or `unavailable` while the database that knows is away */
  async authenticate(request: FastifyRequest): Promise<Principal> {
    const principal = await this.identify(request);
    if (principal.kind !== 'user') return principal;
    const access = await orUnavailable(
      this.options.sessions.find({ uid: principal.userId, ...(principal.sessionId && { sid: principal.sessionId }) }),
    );
    if (access?.lacksSecondFactor && !request.routeOptions.url?.startsWith(signInSettings)) {
      // So that the audit log can tell who was refused.
      request.principal = principal;
      throw secondFactorMissing();
    }
    return { ...principal, scopes: access?.scopes ?? [] };
  }

  /**
   * Who calls, asked again while the answer goes on. A stream that is open ends with the right to its route, not with the session alone:
   * all that stay open ask here.
   * @throws AppError as `authenticate`, and `permission_denied` for who may not use the route any more
   */
  async reauthenticate(request: FastifyRequest): Promise<Principal> {
    const principal = await this.authenticate(request);
    requireAllowed(request, principal);
    return principal;
  }

  private async identify(request: FastifyRequest): Promise<Principal> {
    const ticket = ticketOf(request);
    if (ticket !== undefined && streamRoutes.has(request.routeOptions.url))
      return orUnavailable(this.options.streamTickets.admit(request.raw, ticket));
    if (ticket !== undefined && liveTicketRoutes.has(request.routeOptions.url)) {
      const { reference } = request.params as { reference?: string };
      return orUnavailable(this.options.liveTickets.admit(ticket, { reference, route: request.routeOptions.url }));
    }
    if (ticket !== undefined && playbackTicketRoutes.has(request.routeOptions.url))
      return orUnavailable(this.options.playbackTickets.admit(request, ticket));
    if (ticket !== undefined) {
      const holder = this.options.tickets.admit(request.raw, ticket);
      if (!holder) throw new AppError('unauthenticated', 'the ticket is not valid or too old');
      return orUnavailable(principalOfHolder({ ...holder, sessionId: holder.sessionId }, this.options.users, this.options.sessions));
    }
    // Before the bearer: OpenNVR's apps send the same key as both.
    const service = findInternalService(request, this.options.internalApiKey);
    if (service) return service;
    const agent = findTrustedAgent(request, this.options.lunaTrustedNetworks);
    if (agent) return agent;
    const credential = presentedCredential(request.headers, 'x-api-key');
    return orUnavailable(credential?.kind === 'key' ? this.authenticateKey(credential.key) : this.authenticateToken(request));
  }

  /** One text for all reasons: it must not tell an expired key from a made-up one. */
  private async authenticateKey(key: string): Promise<Principal> {
    const principal = await this.options.apiKeys.verify(key);
    if (!principal) throw new AppError('unauthenticated', 'Not authenticated');
    return principal;
  }

  private async authenticateToken(request: FastifyRequest): Promise<Principal> {
    await this.options.signingKeys.refresh();
    return this.authenticateBearer(request);
  }
}

function secondFactorMissing(): AppError {
  const message = 'your role needs a second factor: set one up first';
  return new AppError('permission_denied', message, { details: { detail: { error: 'mfa_setup_required', message } } });
}

function ticketOf(request: FastifyRequest): string | undefined {
  const { url } = request.routeOptions;
  const takesTicket = [ticketRoutes, streamRoutes, liveTicketRoutes, playbackTicketRoutes].some((routes) => routes.has(url));
  if (!takesTicket || request.headers.authorization !== undefined) return undefined;
  const { ticket } = request.query as { ticket?: unknown };
  return typeof ticket === 'string' ? ticket : undefined;
}
