import { z } from 'zod';
import type { Api } from '../api.js';

const Rule = z.object({
  id: z.number(),
  name: z.string(),
  enabled: z.boolean(),
  camera_ids: z.array(z.number()),
  labels: z.array(z.string()),
  event_types: z.array(z.string()),
  min_score: z.number().nullable(),
  schedule: z.unknown(),
  cooldown_seconds: z.number(),
  tells_end: z.boolean(),
  url: z.string(),
  has_secret: z.boolean(),
});
/** What a receiver is told of. An empty list means all. */
export type Rule = z.infer<typeof Rule>;
const Rules = z.object({ rules: z.array(Rule) });
const Delivery = z.object({
  id: z.string(),
  event_id: z.number(),
  state: z.enum(['pending', 'delivered', 'exhausted', 'cancelled']),
  receiver: z.string(),
  attempts_made: z.number(),
  next_attempt_at: z.string().nullable(),
  last_error: z.string().nullable(),
  created_at: z.string(),
});
type Delivery = z.infer<typeof Delivery>;
const Deliveries = z.object({ deliveries: z.array(Delivery), next_before: z.string().nullable() });

/** A rule as it is sent. `secret` undefined keeps the one that is there. */
export type RuleFields = Omit<Rule, 'id' | 'has_secret'> & { secret?: string };

export async function listRules(api: Api, signal: AbortSignal): Promise<Rule[]> {
  return (await api.getJson('/api/v1/rules', Rules, signal)).rules;
}

/** Makes a rule, or with an id replaces one. */
export function saveRule(api: Api, id: number | undefined, fields: RuleFields): Promise<Rule> {
  if (id === undefined) return api.sendJson('/api/v1/rules', Rule, { method: 'POST', json: fields });
  return api.sendJson(`/api/v1/rules/${id}`, Rule, { method: 'PUT', json: fields });
}

export function deleteRule(api: Api, id: number): Promise<void> {
  return api.send(`/api/v1/rules/${id}`, { method: 'DELETE' });
}

/** What became of a rule's latest messages, newest first. */
export async function listDeliveries(api: Api, ruleId: number, signal: AbortSignal): Promise<Delivery[]> {
  return (await api.getJson(`/api/v1/rules/${ruleId}/deliveries?limit=50`, Deliveries, signal)).deliveries;
}

export function redeliver(api: Api, ruleId: number, id: string): Promise<void> {
  return api.send(`/api/v1/rules/${ruleId}/deliveries/${id}/redeliver`, { method: 'POST' });
}
