import { parse } from 'node:querystring';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance } from 'fastify';

/**
 * Reads forms on these routes, and refuses them elsewhere: a page of another site can send a form without asking first, and a form has
 * texts where JSON has types. An empty one is no body.
 */
export function readForms(fastify: FastifyInstance, routes: ReadonlySet<string>): void {
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '' || request.is404) done(null, undefined);
    else if (routes.has(request.routeOptions.url ?? '')) done(null, parse(body));
    else done(new AppError('unsupported_media_type', 'Unsupported media type: send application/json'));
  });
}
