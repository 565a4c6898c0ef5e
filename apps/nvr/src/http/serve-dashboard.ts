import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance } from 'fastify';

const config = { policy: { kind: 'public' } };
/** Everything from here, pictures also from memory; no inline code, no frames around us. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/**
 * Serves the built dashboard: its page and its assets, and nothing else. There is no catch-all: an unknown path is 404, and
 * under `/api` it is 404 as JSON.
 */
export async function serveDashboard(fastify: FastifyInstance, directory: string): Promise<void> {
  const isBuilt = existsSync(path.join(directory, 'index.html'));
  if (isBuilt) await fastify.register(fastifyStatic, { root: directory, serve: false, cacheControl: false });
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.header('Content-Security-Policy', contentSecurityPolicy);
    done();
  });
  fastify.get('/', { config }, async (_request, reply) => {
    if (!isBuilt) throw new AppError('not_found', 'the dashboard is not built: run "npm run build"');
    return reply.header('Cache-Control', 'no-cache').sendFile('index.html');
  });
  // Names of assets hold a hash of their content.
  fastify.get<{ Params: { '*': string } }>('/assets/*', { config }, async (request, reply) => {
    if (!isBuilt) throw new AppError('not_found', 'no such asset');
    return reply.header('Cache-Control', 'public, max-age=31536000, immutable').sendFile(`assets/${request.params['*']}`);
  });
}
