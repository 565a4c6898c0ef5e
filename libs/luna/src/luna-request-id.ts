import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@nightjar/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export const lunaRequestIdHeader = 'Luna-Request-Id';
/** An answer has one id, whoever puts it on: the hook, or the renderer of an error that came before all hooks. */
const idsOfAnswers = new WeakMap<IncomingMessage, string>();

/**
 * The request id of an answer: the caller's if it is printable ASCII of at most 128 characters, whatever its form (clients send
 * ids of their own), else a new one in the documented form `<Unix seconds>,<uuid>`.
 */
export function lunaRequestId(given: string | string[] | undefined, clock: Clock): string {
  if (typeof given === 'string' && /^[\x20-\x7e]{1,128}$/.test(given)) return given;
  return `${Math.floor(clock.wallMs() / 1_000)},${randomUUID()}`;
}

/** The request id of the answer to this request, always the same. */
export function idOfAnswer({ headers, raw }: Pick<FastifyRequest, 'headers' | 'raw'>, clock: Clock): string {
  const id = idsOfAnswers.get(raw) ?? lunaRequestId(headers['luna-request-id'], clock);
  idsOfAnswers.set(raw, id);
  return id;
}

/**
 * Puts the request id, and the build under `X-Nightjar-Version`, on every answer.
 * @param isLunaPath where the surface shares its port: which paths are its own
 */
export function addLunaHeaders(
  fastify: FastifyInstance,
  options: { clock: Clock; version: string; isLunaPath?: (url: string) => boolean },
): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (options.isLunaPath && !options.isLunaPath(request.url)) return done();
    void reply.header(lunaRequestIdHeader, idOfAnswer(request, options.clock)).header('X-Nightjar-Version', options.version);
    done();
  });
}
