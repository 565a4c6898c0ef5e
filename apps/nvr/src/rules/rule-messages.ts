import { randomUUID } from 'node:crypto';
import type { EventView } from '@nightjar/contracts';
import type { Prisma } from '@nightjar/database';
import { scopes } from '../keys/api-keys.js';
import { scopesOfRole } from '../roles/permissions.js';
import { matchesRule } from './match-rule.js';
import type { WeeklySchedule } from './weekly-schedule.js';

/** What of an event a rule may tell. */
export type EventMoment = 'opened' | 'ended';

interface RuleRow {
  camera_id: number;
  id: number;
  labels: string[];
  event_types: string[];
  min_score: number | null;
  schedule: WeeklySchedule | null;
  cooldown_seconds: number;
  tells_end: boolean;
  url: string;
  is_superuser: boolean;
  role_id: number;
  permissions: string[];
}

/**
 * Writes a message for each rule that an event is one for, in the transaction that wrote the events. An event that matches only
 * later (its score grew) is told then; of each moment a rule tells once, and of an end only after the beginning.
 * @returns how many messages there are now to send
 */
export async function addRuleMessages(transaction: Prisma.TransactionClient, events: readonly EventView[]): Promise<number> {
  const cameraIds = new Set(events.map(({ camera_id: cameraId }) => cameraId));
  const rules = await readRules(transaction, [...cameraIds]);
  let added = 0;
  for (const event of events)
    for (const rule of rules) {
      if (rule.camera_id !== event.camera_id || !mayReadEvents(rule) || !matchesRule(conditionsOf(rule), event)) continue;
      added += await addMessage(transaction, rule, event, 'opened');
      if (rule.tells_end && event.ended_at !== null) added += await addMessage(transaction, rule, event, 'ended');
    }
  return added;
}

/** Rules of owners who may see a camera now, once for each such camera. */
async function readRules(transaction: Prisma.TransactionClient, cameraIds: readonly number[]): Promise<RuleRow[]> {
  if (cameraIds.length === 0) return [];
  return transaction.$queryRaw<RuleRow[]>`
    SELECT camera.id AS camera_id, rule.id, rule.labels, rule.event_types, rule.min_score, rule.schedule, rule.cooldown_seconds, rule.tells_end, rule.url,
      owner.is_superuser, role.id AS role_id, role.permissions
    FROM nvr.event_rule AS rule JOIN nvr."user" AS owner ON owner.id = rule.owner_id JOIN nvr.role AS role ON role.id = owner.role_id
    JOIN nvr.camera AS camera ON camera.id = ANY(${[...cameraIds]}::int[]) AND camera.deleted_at IS NULL
    WHERE rule.enabled AND owner.is_active AND (cardinality(rule.camera_ids) = 0 OR camera.id = ANY(rule.camera_ids))
      AND (owner.is_superuser OR camera.owner_id = owner.id
        OR EXISTS (SELECT FROM nvr.camera_grant AS granted WHERE granted.camera_id = camera.id AND granted.user_id = owner.id))
    ORDER BY rule.id`;
}

function mayReadEvents({ is_superuser: isSuperuser, permissions, role_id: id }: RuleRow): boolean {
  return isSuperuser || scopesOfRole({ id, permissions }).includes(scopes.readEvents);
}

function conditionsOf(rule: RuleRow) {
  return { labels: rule.labels, eventTypes: rule.event_types, minScore: rule.min_score, schedule: rule.schedule };
}

/** Writes of events take turns, so nobody else looks at the cooldown meanwhile. */
function addMessage(transaction: Prisma.TransactionClient, rule: RuleRow, event: EventView, moment: EventMoment): Promise<number> {
  const { camera_id: cameraId, id: eventId } = event;
  const content = JSON.stringify(event);
  return transaction.$executeRaw`
    INSERT INTO nvr.rule_message (id, rule_id, event_id, camera_id, moment, event, origin)
    SELECT ${`msg_${randomUUID()}`}, ${rule.id}::int, ${eventId}::bigint, ${cameraId}::int, ${moment}, ${content}::jsonb, ${new URL(rule.url).origin}
    WHERE CASE ${moment} WHEN 'ended'
      THEN EXISTS (SELECT FROM nvr.rule_message WHERE rule_id = ${rule.id}::int AND event_id = ${eventId}::bigint AND moment = 'opened')
      ELSE NOT EXISTS (SELECT FROM nvr.rule_message WHERE rule_id = ${rule.id}::int AND camera_id = ${cameraId}::int AND moment = 'opened'
        AND created_at > now() - ${rule.cooldown_seconds} * interval '1 s') END
    ON CONFLICT (rule_id, event_id, moment) DO NOTHING`;
}
