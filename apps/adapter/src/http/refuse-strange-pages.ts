import { AppError, isLoopbackHost } from '@nightjar/runtime';
import { refuseForeignPages } from '@nightjar/websocket-door';
import type { FastifyRequest } from 'fastify';

/**
 * For callers without a credential: beside pages of another host, those that make their own name resolve to this machine. They
 * talk to a name that is not this machine's.
 * @throws AppError `permission_denied`
 */
export function refuseStrangePages({ headers, raw }: FastifyRequest): void {
  if (headers.origin === undefined) return;
  refuseForeignPages(headers);
  const isLocal = isLoopbackHost((raw.socket.localAddress ?? '').replace(/^::ffff:/, ''));
  if (isLocal && !isLoopbackHost(new URL(headers.origin).hostname.replace(/^\[|\]$/g, '')))
    throw new AppError('permission_denied', 'a page of another site may not connect here');
}
