import type { FastifyInstance } from 'fastify';
import { linkOf, lunaErrors } from './luna-errors.js';

/**
 * Answers 405 with the methods that there are where a resource is asked for with another one; without it that would be a page that is not
 * found. To be called before routes are declared.
 * @param isLunaPath where the surface shares its port: which paths are its own
 */
export function refuseOtherMethods(fastify: FastifyInstance, isLunaPath: (url: string) => boolean = () => true): void {
  const routes: { segments: readonly string[]; methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    if (isLunaPath(url)) routes.push({ segments: segmentsOf(url), methods: [method].flat() });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 || !isLunaPath(request.url)) return done();
    const asked = segmentsOf(request.url.split('?', 1)[0] ?? '');
    const methods = new Set(routes.filter(({ segments }) => isFor(segments, asked)).flatMap((route) => route.methods));
    if (methods.size === 0 || methods.has(request.method)) return done();
    reply
      .code(405)
      .header('Allow', [...methods].join(', '))
      .send({ ...lunaErrors.methodNotAllowed, link: linkOf(lunaErrors.methodNotAllowed) });
  });
}

function segmentsOf(path: string): readonly string[] {
  return path.replace(/\/+$/, '').split('/');
}

function isFor(segments: readonly string[], asked: readonly string[]): boolean {
  return (
    segments.length === asked.length &&
    segments.every((segment, index) => segment === asked[index] || (segment.startsWith(':') && asked[index] !== ''))
  );
}
