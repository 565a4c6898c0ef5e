import type { FastifyInstance } from 'fastify';

/** Of the documented list; the HTTP status that its text says is none of our own errors'. */
const methodNotAllowed = { error_code: 12021, desc: 'Method not allowed', detail: 'Method not allowed', link: 'about:blank' } as const;

/**
 * Answers 405 with the methods that there are where a resource is asked for with another one; without it that would be a page that is not
 * found. To be called before routes are declared.
 */
export function refuseOtherMethods(fastify: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ method, url }) => {
    const methods = methodsOf.get(url) ?? new Set();
    for (const each of [method].flat()) methods.add(each);
    methodsOf.set(url, methods);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const methods = request.is404 ? methodsOf.get(request.url.split('?', 1)[0] ?? '') : undefined;
    if (!methods) return done();
    reply
      .code(405)
      .header('Allow', [...methods].join(', '))
      .send(methodNotAllowed);
  });
}
