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

/** What a route takes in. */
export interface IntakeRule {
  accepts: RegExp;
  /** For a body without Content-Type (RFC 9110 §8.3); without it such a body is refused. */
  assumedMediaType?: string;
  /** Largest body: refused by its Content-Length before a byte is read. */
  bytesMax: number;
  budget: IntakeBudget;
  /** Share of the budget that a body of this many bytes takes. */
  share: (bodyBytes: number) => number;
}

/**
 * Refuses what a route does not take before its body is read. Call it after `enforcePolicies`, so that strangers learn
 * nothing but 401, and before the routes are added.
 */
export function guardIntake(fastify: FastifyInstance, rules: ReadonlyMap<string, IntakeRule>): void {
  fastify.addHook('onRoute', (route) => {
    const rule = rules.get(route.url);
    if (!rule) return;
    route.bodyLimit = rule.bytesMax;
    route.onRequest = async (request: FastifyRequest, reply: FastifyReply) => admit(rule, request, reply);
  });
}

function admit(rule: IntakeRule, request: FastifyRequest, reply: FastifyReply): void {
  const { headers } = request.raw;
  if (headers['content-type'] === undefined && rule.assumedMediaType !== undefined) headers['content-type'] = rule.assumedMediaType;
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!rule.accepts.test(mediaType))
    throw new AppError(
      'unsupported_media_type',
      `this route does not take ${mediaType === '' ? 'a body without Content-Type' : mediaType}`,
    );
  // A compressed body could be a thousand times what was counted.
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new AppError('unsupported_media_type', 'this route takes no Content-Encoding');
  const bodyBytes = headers['content-length'] === undefined ? rule.bytesMax : Number(headers['content-length']);
  if (bodyBytes > rule.bytesMax) throw new AppError('payload_too_large', `this route takes at most ${rule.bytesMax} bytes`);
  const giveBack = rule.budget.take(rule.share(bodyBytes));
  if (!giveBack) throw new AppError('overloaded', 'too many uploads at once', { retryAfterMs: 2_000 });
  reply.raw.once('close', giveBack);
}
