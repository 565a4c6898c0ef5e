import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Something that requests take a share of while they run. Full: the next one is refused as `overloaded`, not queued. */
export class IntakeBudget {
  private taken = 0;

  constructor(private readonly total: number) {}

  /** @returns a function that gives the share back, undefined when there is not enough left */
  take(share: number): (() => void) | undefined {
    // One that is larger than all there is gets through alone.
    if (this.taken > 0 && this.taken + share > this.total) return undefined;
    this.taken += share;
    return () => {
      this.taken -= share;
    };
  }
}

/** One kind of body that a route takes in. */
interface IntakeKind {
  /** Media type, without parameters; empty: a body without Content-Type. */
  accepts: RegExp;
  /** Largest body: refused by its Content-Length before a byte is read. */
  bytesMax: number;
  budget: IntakeBudget;
  /** Share of the budget that a body of this many bytes takes. */
  share: (bodyBytes: number) => number;
}

/** What a route takes in. */
interface IntakeRule {
  /** The first that accepts the media type counts. */
  kinds: readonly IntakeKind[];
  /** For a body without Content-Type (RFC 9110 §8.3). */
  assumedMediaType?: string;
}

const methodsWithBody = ['POST', 'PUT', 'PATCH'];

/**
 * Refuses what a route does not take before its body is read. Call it after `enforcePolicies`, so that strangers learn
 * nothing but 401, and before the routes are added.
 */
export function guardIntake(fastify: FastifyInstance, rules: ReadonlyMap<string, IntakeRule>): void {
  fastify.addHook('onRoute', (route) => {
    const rule = rules.get(route.url);
    if (!rule || ![route.method].flat().some((method) => methodsWithBody.includes(method))) return;
    route.bodyLimit = Math.max(...rule.kinds.map(({ bytesMax }) => bytesMax));
    route.onRequest = async (request: FastifyRequest, reply: FastifyReply) => admit(rule, request, reply);
    // The route's limit is that of its largest kind; a JSON body is read into memory and may be of a smaller one. One with a length has
    // been looked at, and brings no more.
    route.preParsing = (request, _reply, payload, done) => {
      const isCounted = request.headers['content-length'] !== undefined;
      const kind = !isCounted && isJson(request.headers) ? kindOf(rule, request.headers) : undefined;
      done(null, kind ? bounded(payload, kind.bytesMax) : payload);
    };
  });
}

/** Whether a body is JSON by its Content-Type. */
export function isJson(headers: IncomingHttpHeaders): boolean {
  return mediaTypeOf(headers) === 'application/json';
}

function admit(rule: IntakeRule, request: FastifyRequest, reply: FastifyReply): void {
  const { headers } = request.raw;
  if (headers['content-type'] === undefined && rule.assumedMediaType !== undefined) headers['content-type'] = rule.assumedMediaType;
  const kind = kindOf(rule, headers);
  if (!kind)
    throw new AppError(
      'unsupported_media_type',
      `this route does not take ${mediaTypeOf(headers) === '' ? 'a body without Content-Type' : mediaTypeOf(headers)}`,
    );
  // A compressed body could be a thousand times what was counted.
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new AppError('unsupported_media_type', 'this route takes no Content-Encoding');
  const bodyBytes = headers['content-length'] === undefined ? kind.bytesMax : Number(headers['content-length']);
  if (bodyBytes > kind.bytesMax) throw tooLarge(kind.bytesMax);
  const giveBack = kind.budget.take(kind.share(bodyBytes));
  if (!giveBack) throw new AppError('overloaded', 'too many uploads at once', { retryAfterMs: 2_000 });
  reply.raw.once('close', giveBack);
}

function kindOf(rule: IntakeRule, headers: IncomingHttpHeaders): IntakeKind | undefined {
  return rule.kinds.find(({ accepts }) => accepts.test(mediaTypeOf(headers)));
}

function mediaTypeOf(headers: IncomingHttpHeaders): string {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function bounded(payload: Readable, bytesMax: number): Readable {
  async function* counted(): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw tooLarge(bytesMax);
      yield chunk;
    }
  }
  return Readable.from(counted(), { objectMode: false });
}

function tooLarge(bytesMax: number): AppError {
  return new AppError('payload_too_large', `this route takes at most ${bytesMax} bytes of this kind`);
}
