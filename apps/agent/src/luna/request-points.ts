import type { Clock } from '@nightjar/runtime';
import type { FastifyInstance } from 'fastify';
import type { MonitoringPoint } from '../plugins/plugin-messages.js';

/** Publishes a monitoring point for every answered request: which route, which status, how many seconds. */
export function publishRequestPoints(fastify: FastifyInstance, options: { clock: Clock; publish: (point: MonitoringPoint) => void }): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    options.publish({
      series: 'request',
      time: new Date(options.clock.wallMs()).toISOString(),
      // The route's pattern, not the URL, which may hold a secret; what leads nowhere has none.
      tags: { service: 'luna-video-agent', route: `${request.method}:${request.routeOptions.url ?? ''}`, status_code: reply.statusCode },
      fields: {
        request_id: String(reply.getHeader('Luna-Request-Id') ?? ''),
        execution_time: Math.round(reply.elapsedTime) / 1_000,
      },
    });
    done();
  });
}
