import { randomUUID } from 'node:crypto';
import type { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What the root of the port answers; the other one stands under its prefix, and so does this one. */
export type RootSurface = 'legacy' | 'contract';
/** A wire contract with its own bodies for answers and errors. */
export type Surface = RootSurface | 'oip';

/** What is known of a request from its first line on, for its error body, its headers and the metrics. */
export interface RequestNotes {
  /** By path; of `/infer` by the kind of request, once its body was read. */
  surface: Surface;
  readonly correlationId: string;
  /** What was asked for, as far as anything was. */
  task: string | undefined;
  failure: AppError | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    notes: RequestNotes | null;
  }
}

const prefixes: readonly (readonly [string, Surface])[] = [
  ['/contract', 'contract'],
  ['/legacy', 'legacy'],
  ['/v2', 'oip'],
];
const correlationHeader = 'X-Correlation-Id';

/** Call before routes are added. Every answer carries the caller's correlation id, or a new one. */
export function takeNotes(fastify: FastifyInstance, root: RootSurface): void {
  fastify.decorateRequest('notes', null);
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(correlationHeaders(notesOf(request, root)));
    done();
  });
}

/** The notes of a request. A request with a broken URL comes to its error body without any hook: its notes begin there. */
export function notesOf(request: FastifyRequest, root: RootSurface): RequestNotes {
  request.notes ??= {
    surface: surfaceOfUrl(request.raw.url ?? '/', root),
    correlationId: acceptedId(request.headers['x-correlation-id']) ?? randomUUID().replaceAll('-', ''),
    task: undefined,
    failure: undefined,
  };
  return request.notes;
}

export function correlationHeaders({ correlationId }: RequestNotes): Record<string, string> {
  return { [correlationHeader]: correlationId };
}

/** The surface that a path belongs to. */
export function surfaceOfUrl(url: string, root: RootSurface): Surface {
  const path = url.replace(/[?#].*$/s, '');
  return prefixes.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))?.[1] ?? root;
}

function acceptedId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\x21-\x7e]{1,128}$/.test(header) ? header : undefined;
}
