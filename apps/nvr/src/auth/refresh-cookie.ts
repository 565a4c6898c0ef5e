import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isRefreshToken } from './refresh-tokens.js';
import { sessionIdleDays } from './sessions.store.js';

/** Only the routes below it get the cookie, and no script ever reads it. */
const cookiePath = '/api/v1/auth';
const cookieName = 'nightjar_refresh';

/** The refresh token of a browser's cookie; undefined when there is none that could be ours. */
export function refreshTokenOf(request: FastifyRequest): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const value = pairs.find(([name]) => name === cookieName)?.[1];
  return value !== undefined && isRefreshToken(value) ? value : undefined;
}

/** Gives a browser its refresh token. `Secure` where it came by HTTPS: on plain HTTP, as on loopback, such a cookie would be dropped. */
export function setRefreshCookie(request: FastifyRequest, reply: FastifyReply, refreshToken: string): void {
  void reply.header('Set-Cookie', cookie(request, refreshToken, sessionIdleDays * 86_400));
}

export function clearRefreshCookie(request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('Set-Cookie', cookie(request, '', 0));
}

function cookie(request: FastifyRequest, value: string, maxAgeSeconds: number): string {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  return `${cookieName}=${value}; Path=${cookiePath}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`;
}

/**
 * Refuses a request whose right is a cookie, or that asks for one, when a page of another site sent it (T12): it could act as who is
 * signed in here, or sign him in as somebody else. Browsers send `Origin` with every POST.
 * @throws AppError `permission_denied`
 */
export function refuseForeignOrigin({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isOurs = typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host;
  if (!isOurs || (site !== undefined && site !== 'same-origin'))
    throw new AppError('permission_denied', 'this request did not come from our own page');
}
