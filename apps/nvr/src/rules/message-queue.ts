import { Inject, Injectable } from '@nestjs/common';
import { SecretBox } from '@nightjar/auth';
import type { EventView } from '@nightjar/contracts';
import { deliveryColumnsAfter, orUnavailable, Prisma, type NvrDatabase } from '@nightjar/database';
import type { AttemptOutcome, ClaimedDelivery, ClaimOptions, DeliveryContent, DeliveryQueue } from '@nightjar/webhooks';
import type { ApiConfig } from '../config.js';
import { CONFIG, DATABASE } from '../process-parts.js';
import { cloudEventOf } from './cloud-event.js';
import { ruleSecretPurpose } from './rules.store.js';
import type { EventMoment } from './rule-messages.js';
import { mayReadEvents, type RuleOwner } from './rule-owner.js';

/** A message of a rule that this process is to send. */
export interface ClaimedMessage extends ClaimedDelivery {
  ruleId: number;
  sealedSecret: Uint8Array | null;
}

interface Content extends RuleOwner {
  createdAt: Date;
  event: EventView;
  moment: EventMoment;
  ruleId: number;
  name: string;
  /** Whether the rule is switched on. */
  enabled: boolean;
  /** Whether its owner may see the camera. */
  maySee: boolean;
}

/** SQL: as the index on waiting messages says it, word for word. */
const waits = Prisma.sql`(state = 'pending' OR redeliver_at IS NOT NULL)`;
const dueAt = Prisma.sql`coalesce(redeliver_at, run_after)`;
const isFree = Prisma.sql`(lease_id IS NULL OR lease_until <= now())`;

/** Messages of rules as the sender takes them, of any number of processes; fair between receivers as the gateway's are. */
@Injectable()
export class MessageQueue implements DeliveryQueue<ClaimedMessage> {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CONFIG) private readonly config: Pick<ApiConfig, 'issuer'>,
    private readonly secretBox: SecretBox,
  ) {}

  claim({ leaseMs, limit, perOrigin, slowLimit, slowOrigins }: ClaimOptions): Promise<ClaimedMessage[]> {
    return orUnavailable(
      this.database.$queryRaw<ClaimedMessage[]>`
        WITH RECURSIVE waiting_origin AS (
          (SELECT origin FROM nvr.rule_message WHERE ${waits} ORDER BY origin LIMIT 1)
          UNION ALL
          SELECT (SELECT origin FROM nvr.rule_message WHERE ${waits} AND origin > former.origin ORDER BY origin LIMIT 1)
          FROM waiting_origin AS former WHERE former.origin IS NOT NULL
        ),
        busy AS (
          SELECT origin, count(*)::int AS messages FROM nvr.rule_message WHERE lease_id IS NOT NULL AND lease_until > now() GROUP BY origin
        ),
        candidate AS (
          SELECT due.id, due.at, origin = ANY(${[...slowOrigins]}::text[]) AS is_slow,
            coalesce(busy.messages, 0) + row_number() OVER (PARTITION BY origin ORDER BY due.at) AS turn
          FROM waiting_origin LEFT JOIN busy USING (origin) CROSS JOIN LATERAL (
            SELECT id, ${dueAt} AS at FROM nvr.rule_message AS message
            WHERE ${waits} AND message.origin = waiting_origin.origin AND ${dueAt} <= now() AND ${isFree}
            ORDER BY ${dueAt} LIMIT greatest(${perOrigin}::int - coalesce(busy.messages, 0), 0) FOR UPDATE SKIP LOCKED
          ) AS due
          WHERE waiting_origin.origin IS NOT NULL
        ),
        placed AS (SELECT id, at, turn, is_slow, row_number() OVER (PARTITION BY is_slow ORDER BY turn, at) AS place FROM candidate)
        UPDATE nvr.rule_message AS message SET lease_id = gen_random_uuid(), lease_until = now() + ${leaseMs} * interval '1 ms'
        FROM (SELECT id FROM placed WHERE NOT is_slow OR place <= ${slowLimit}::int ORDER BY turn, at LIMIT ${limit}::int) AS chosen, nvr.event_rule AS rule
        WHERE message.id = chosen.id AND rule.id = message.rule_id
        RETURNING message.id, message.rule_id AS "ruleId", message.origin, message.lease_id::text AS lease, message.attempt + 1 AS attempt,
          message.redeliver_at IS NOT NULL AS manual, rule.url, rule.sealed_secret AS "sealedSecret",
          (SELECT count(*)::int FROM nvr.rule_message_attempt AS past WHERE past.message_id = message.id AND NOT past.manual) AS "scheduledBefore"`,
    );
  }

  /** What its owner may not see any more, or what a rule was switched off for, is sent no more. */
  async contentOf({ id, manual }: ClaimedMessage): Promise<DeliveryContent | undefined> {
    const [row] = await orUnavailable(this.readContent(id));
    if (!row) return undefined;
    const reason = whyNot(row, manual);
    if (reason !== undefined) {
      await orUnavailable(this.cancel(id, reason));
      return undefined;
    }
    const { createdAt, event, moment, name, ruleId } = row;
    const content = cloudEventOf({ id, createdAt, event, moment, rule: { id: ruleId, name }, issuer: this.config.issuer });
    return { body: Buffer.from(JSON.stringify(content)), contentType: 'application/cloudevents+json' };
  }

  secretOf({ ruleId, sealedSecret }: ClaimedMessage): string | undefined {
    return sealedSecret === null ? undefined : this.secretBox.open(sealedSecret, ruleSecretPurpose(ruleId));
  }

  async record({ attempt, id, lease, manual }: ClaimedMessage, outcome: AttemptOutcome): Promise<boolean> {
    const { answer, durationMs, error, status, verdict } = outcome;
    const recorded = await orUnavailable(
      this.database.$queryRaw<unknown[]>`
        WITH held AS (
          UPDATE nvr.rule_message SET ${deliveryColumnsAfter(verdict, manual)}, attempt = ${attempt}::int, last_error = ${error}, lease_id = NULL, lease_until = NULL
          WHERE id = ${id} AND lease_id = ${lease}::uuid RETURNING id
        )
        INSERT INTO nvr.rule_message_attempt (message_id, attempt, at, duration_ms, status, error, answer, manual)
        SELECT id, ${attempt}::int, now() - ${durationMs} * interval '1 ms', ${durationMs}::int, ${status}::int, ${error},
          ${answer?.replaceAll('\0', '') ?? null}, ${manual}::boolean
        FROM held RETURNING message_id`,
    );
    return recorded.length > 0;
  }

  async release({ id, lease }: ClaimedMessage): Promise<void> {
    await orUnavailable(
      this.database
        .$executeRaw`UPDATE nvr.rule_message SET lease_id = NULL, lease_until = NULL WHERE id = ${id} AND lease_id = ${lease}::uuid`,
    );
  }

  namesOf({ ruleId }: ClaimedMessage) {
    return { ruleId };
  }

  private readContent(id: string) {
    return this.database.$queryRaw<Content[]>`
      SELECT message.created_at AS "createdAt", message.event, message.moment, rule.id AS "ruleId", rule.name, rule.enabled,
        owner.is_superuser, role.id AS role_id, role.permissions,
        owner.is_active AND camera.deleted_at IS NULL AND (owner.is_superuser OR camera.owner_id = owner.id
          OR EXISTS (SELECT FROM nvr.camera_grant AS granted WHERE granted.camera_id = camera.id AND granted.user_id = owner.id)) IS TRUE AS "maySee"
      FROM nvr.rule_message AS message JOIN nvr.event_rule AS rule ON rule.id = message.rule_id
      JOIN nvr."user" AS owner ON owner.id = rule.owner_id JOIN nvr.role AS role ON role.id = owner.role_id JOIN nvr.camera AS camera ON camera.id = message.camera_id
      WHERE message.id = ${id}`;
  }

  private cancel(id: string, reason: string): Promise<number> {
    return this.database.$executeRaw`
      UPDATE nvr.rule_message SET state = CASE state WHEN 'pending' THEN 'cancelled' ELSE state END, ended_at = coalesce(ended_at, now()), redeliver_at = NULL,
        last_error = ${reason}, lease_id = NULL, lease_until = NULL
      WHERE id = ${id}`;
  }
}

/** Why a message is sent no more; undefined: it is. Whoever asks for one again has it sent by a rule that is switched off, too. */
function whyNot({ maySee, enabled, ...owner }: Content, manual: boolean): string | undefined {
  if (!maySee) return 'the owner of the rule may not see this camera any more';
  if (!mayReadEvents(owner)) return 'the owner of the rule may not read events any more';
  return enabled || manual ? undefined : 'the rule is switched off';
}
