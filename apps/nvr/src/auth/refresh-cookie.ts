import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sessionIdleDays } from './sessions.store.js';

/** Only the routes below it get the cookie, and no script ever reads it. */
const cookiePath = '/api/v1/auth';
const cookieName = 'nightjar_refresh';
const tokenGrammar = /^[A-Za-z0-9_-]{43}$/;

/** The refresh token of a browser's cookie; undefined when there is none that could be ours. */
export function refreshTokenOf(request: FastifyRequest): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const value = pairs.find(([name]) => name === cookieName)?.[1];
  return value !== undefined && tokenGrammar.test(value) ? value : undefined;
}

/** Whether a text has the form of our refresh tokens; what has not, is not even looked for. */
export function isRefreshToken(text: string): boolean {
  return tokenGrammar.test(text);
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
 * Refuses a request whose right is a cookie when a page of another site sent it (T12). Browsers send `Origin` with every POST.
 * @throws AppError `permission_denied`
 */
export function refuseForeignOrigin({ headers }: FastifyRequest): void {
  const { origin, host } = headers;
  const site = headers['sec-fetch-site'];
  const isOurs = typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host;
  if (!isOurs || (site !== undefined && site !== 'same-origin'))
    throw new AppError('permission_denied', 'this request did not come from our own page');
}
