import type { FastifyInstance } from 'fastify';

/**
 * Answers 405 with the methods that there are (`Allow`) where a path is asked for with another one; without it that would be a path that
 * leads nowhere. It asks for no credential, as a path that leads nowhere does not: for surfaces whose routes are told to everybody. To be
 * called before routes are declared.
 * @param surface.isOwn which paths are of the surface; gets a route's pattern too
 */
export function refuseOtherMethods(fastify: FastifyInstance, surface: { isOwn: (url: string) => boolean; body: object }): void {
  const routes: { segments: readonly string[]; methods: readonly string[] }[] = [];
  fastify.addHook('onRoute', ({ method, url }) => {
    if (surface.isOwn(url)) routes.push({ segments: segmentsOf(url), methods: [method].flat() });
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 || !surface.isOwn(request.url)) return done();
    const asked = segmentsOf(request.url.split('?', 1)[0] ?? '');
    const methods = new Set(routes.filter(({ segments }) => isFor(segments, asked)).flatMap((route) => route.methods));
    if (methods.size === 0 || methods.has(request.method)) return done();
    void reply
      .code(405)
      .header('Allow', [...methods].join(', '))
      .send(surface.body);
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
