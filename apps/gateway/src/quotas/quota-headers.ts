import type { FastifyReply } from 'fastify';
import { untilNextDayMs, type QuotaName, type QuotaState } from './quota-refusal.js';

const daySeconds = 86_400;

/** Parameters of `RateLimit-Policy` behind the quota; jobs that are open have no window. */
const policyParameters: Record<QuotaName, string> = {
  'jobs-open': '',
  'jobs-per-day': `;w=${daySeconds}`,
  'upload-bytes-per-day': `;w=${daySeconds};qu="content-bytes"`,
};

/**
 * The bounded quotas as members of the lists `RateLimit-Policy` and `RateLimit`; empty texts when all are unbounded.
 * @param untilNextDaySeconds when the quotas of a day begin anew
 */
export function quotaHeaders(
  quotas: Readonly<Record<QuotaName, QuotaState>>,
  untilNextDaySeconds: number,
): { policies: string; states: string } {
  const names = (Object.keys(policyParameters) as QuotaName[]).filter((name) => quotas[name].limit > 0);
  const stateOf = (name: QuotaName) => {
    const { limit, used } = quotas[name];
    const reset = name === 'jobs-open' ? '' : `;t=${untilNextDaySeconds}`;
    return `"${name}";r=${Math.max(0, limit - used)}${reset}`;
  };
  return {
    policies: names.map((name) => `"${name}";q=${quotas[name].limit}${policyParameters[name]}`).join(', '),
    states: names.map(stateOf).join(', '),
  };
}

/** Tells a submit how its quotas stand, behind what its answer says of the rate of requests. */
export function addQuotaHeaders(reply: FastifyReply, quotas: Readonly<Record<QuotaName, QuotaState>>, nowUnixMs: number): void {
  const { policies, states } = quotaHeaders(quotas, Math.ceil(untilNextDayMs(nowUnixMs) / 1_000));
  if (policies === '') return;
  const append = (name: string, members: string) => {
    const given = reply.getHeader(name);
    void reply.header(name, given === undefined ? members : `${String(given)}, ${members}`);
  };
  append('RateLimit-Policy', policies);
  append('RateLimit', states);
}
