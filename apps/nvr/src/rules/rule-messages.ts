import type { EventView } from '@nightjar/contracts';
import { Prisma } from '@nightjar/database';
import { matchesRule } from './match-rule.js';
import { mayReadEvents, type RuleOwner } from './rule-owner.js';
import type { RuleSchedule } from './rule-schedule.js';

/** What of an event a rule may tell. */
export type EventMoment = 'opened' | 'ended';

interface RuleRow extends RuleOwner {
  id: number;
  /** Of the cameras that were asked for, those that the rule is about and its owner may see. */
  seen_camera_ids: number[];
  labels: string[];
  event_types: string[];
  min_score: number | null;
  schedule: RuleSchedule | null;
  cooldown_seconds: number;
  tells_end: boolean;
  url: string;
}

/** An event that a rule is one for. */
interface Match {
  rule: RuleRow;
  event: EventView;
}

/**
 * Writes a message for each rule that an event is one for, in the transaction that wrote the events. An event that matches only
 * later (its score grew) is told then; of each moment a rule tells once, and of an end only after the beginning. However many
 * rules and events there are, it takes the same few statements: other writes of events wait meanwhile.
 * @param events each once
 * @returns how many messages there are now to send
 */
export async function addRuleMessages(transaction: Prisma.TransactionClient, events: readonly EventView[]): Promise<number> {
  const cameraIds = new Set(events.map(({ camera_id: cameraId }) => cameraId));
  const rules = await readRules(transaction, [...cameraIds]);
  const matches = events.flatMap((event) => rules.filter((rule) => isMatch(rule, event)).map((rule) => ({ rule, event })));
  const opened = await addOpenings(transaction, matches);
  const over = matches.filter(({ event, rule }) => rule.tells_end && event.ended_at !== null);
  return opened + (await addEnds(transaction, over));
}

/** Rules of owners who may see one of the cameras now. */
async function readRules(transaction: Prisma.TransactionClient, cameraIds: readonly number[]): Promise<RuleRow[]> {
  if (cameraIds.length === 0) return [];
  const rules = await transaction.$queryRaw<RuleRow[]>`
    SELECT rule.id, seen.ids AS seen_camera_ids, rule.labels, rule.event_types, rule.min_score, rule.schedule, rule.cooldown_seconds, rule.tells_end, rule.url,
      owner.is_superuser, role.id AS role_id, role.permissions
    FROM nvr.event_rule AS rule JOIN nvr."user" AS owner ON owner.id = rule.owner_id JOIN nvr.role AS role ON role.id = owner.role_id
    CROSS JOIN LATERAL (
      SELECT array_agg(camera.id) AS ids FROM nvr.camera AS camera
      WHERE camera.id = ANY(${[...cameraIds]}::int[]) AND camera.deleted_at IS NULL
        AND (cardinality(rule.camera_ids) = 0 OR camera.id = ANY(rule.camera_ids))
        AND (owner.is_superuser OR camera.owner_id = owner.id
          OR EXISTS (SELECT FROM nvr.camera_grant AS granted WHERE granted.camera_id = camera.id AND granted.user_id = owner.id))
    ) AS seen
    WHERE rule.enabled AND owner.is_active AND seen.ids IS NOT NULL
    ORDER BY rule.id`;
  return rules.filter(mayReadEvents);
}

function isMatch(rule: RuleRow, event: EventView): boolean {
  const { event_types: eventTypes, labels, min_score: minScore, schedule } = rule;
  return rule.seen_camera_ids.includes(event.camera_id) && matchesRule({ labels, eventTypes, minScore, schedule }, event);
}

/**
 * One message for each match that was not told yet; of a rule with a cooldown, the first of each camera. Writes of events take turns,
 * so nobody else looks at the cooldown meanwhile.
 */
async function addOpenings(transaction: Prisma.TransactionClient, matches: readonly Match[]): Promise<number> {
  if (matches.length === 0) return 0;
  return transaction.$executeRaw`
    INSERT INTO nvr.rule_message (id, rule_id, event_id, camera_id, moment, event, origin)
    SELECT ${newId}, rule_id, event_id, camera_id, 'opened', event, origin
    FROM (
      SELECT matched.*, row_number() OVER (PARTITION BY rule_id, camera_id ORDER BY place) AS turn
      FROM (${matched(matches)}) AS matched
      WHERE NOT EXISTS (SELECT FROM nvr.rule_message AS told
          WHERE told.rule_id = matched.rule_id AND told.event_id = matched.event_id AND told.moment = 'opened')
        AND (cooldown_seconds = 0 OR NOT EXISTS (SELECT FROM nvr.rule_message AS told
          WHERE told.rule_id = matched.rule_id AND told.camera_id = matched.camera_id AND told.moment = 'opened'
            AND told.created_at > now() - cooldown_seconds * interval '1 s'))
    ) AS fresh
    WHERE cooldown_seconds = 0 OR turn = 1
    ORDER BY place, rule_id
    ON CONFLICT (rule_id, event_id, moment) DO NOTHING`;
}

async function addEnds(transaction: Prisma.TransactionClient, matches: readonly Match[]): Promise<number> {
  if (matches.length === 0) return 0;
  return transaction.$executeRaw`
    INSERT INTO nvr.rule_message (id, rule_id, event_id, camera_id, moment, event, origin)
    SELECT ${newId}, rule_id, event_id, camera_id, 'ended', event, origin
    FROM (${matched(matches)}) AS matched
    WHERE EXISTS (SELECT FROM nvr.rule_message AS told
      WHERE told.rule_id = matched.rule_id AND told.event_id = matched.event_id AND told.moment = 'opened')
    ORDER BY place, rule_id
    ON CONFLICT (rule_id, event_id, moment) DO NOTHING`;
}

const newId = Prisma.sql`'msg_' || gen_random_uuid()`;

/** SQL: the matches as rows. Content goes once for each event, and a receiver once for each rule. */
function matched(matches: readonly Match[]): Prisma.Sql {
  const events = [...new Set(matches.map(({ event }) => event))];
  const rules = [...new Set(matches.map(({ rule }) => rule))];
  const places = new Map(events.map((event, place) => [event, place]));
  const told = events.map((event, place) => ({ place, event_id: event.id, camera_id: event.camera_id, event }));
  const receivers = rules.map(({ cooldown_seconds, id, url }) => ({ rule_id: id, origin: new URL(url).origin, cooldown_seconds }));
  return Prisma.sql`
    SELECT told.place, told.event_id, told.camera_id, told.event, receiver.rule_id, receiver.origin, receiver.cooldown_seconds
    FROM unnest(${matches.map(({ event }) => places.get(event)!)}::int[], ${matches.map(({ rule }) => rule.id)}::int[]) AS pair(place, rule_id)
    JOIN jsonb_to_recordset(${JSON.stringify(told)}::jsonb) AS told(place int, event_id bigint, camera_id int, event jsonb) USING (place)
    JOIN jsonb_to_recordset(${JSON.stringify(receivers)}::jsonb) AS receiver(rule_id int, origin text, cooldown_seconds int) USING (rule_id)`;
}
