import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE } from '../process-parts.js';
import { lockClaims, writeLogs, type LunaStreamRow } from './luna-streams.store.js';
import { managerError } from './manager-errors.js';
import type { NewAgent } from './stream-request.js';

type LunaAgentRow = Awaited<ReturnType<NvrDatabase['lunaAgent']['findUniqueOrThrow']>>;

/** An agent that was silent for longer gets nothing until it asks again. */
export const agentAliveMs = 60_000;
/** A stream that its agent does not tell of for longer goes to another. */
export const feedbackLeaseMs = 20_000;

/** Agents of others, and which streams they hold. */
@Injectable()
export class LunaAgentsStore {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly audit: AuditLog,
  ) {}

  register(accountId: string, agent: NewAgent, by: Actor): Promise<LunaAgentRow> {
    const { analytics, api_version, description, host, max_stream_count, name, port } = agent;
    const row = { name, description, port, analytics, apiVersion: api_version, maxStreamCount: max_stream_count };
    const data = { ...row, id: randomUUID(), accountId, ...(host !== undefined && { host }) };
    const details = { name, analytics, port, ...(host !== undefined && { host }) };
    return this.database.$transaction(async (transaction) => {
      const registered = await transaction.lunaAgent.create({ data });
      await this.audit.entryOf(by, { action: 'agent.registered', entityType: 'agent', entityId: data.id, details })(transaction);
      return registered;
    });
  }

  list(accountId: string): Promise<LunaAgentRow[]> {
    return this.database.lunaAgent.findMany({ where: { accountId }, orderBy: { createdAt: 'asc' } });
  }

  /** @throws AppError `not_found` */
  async find(accountId: string, id: string): Promise<LunaAgentRow> {
    const agent = await this.database.lunaAgent.findFirst({ where: { accountId, id } });
    if (!agent) throw managerError('agentNotFound', `Agent ${id}`);
    return agent;
  }

  /** What it works on waits for another one; what its user stopped meanwhile stays stopped. */
  async remove({ id, name }: Pick<LunaAgentRow, 'id' | 'name'>, by: Actor): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await lockClaims(transaction);
      const { count } = await transaction.lunaAgent.deleteMany({ where: { id } });
      const freed = await transaction.lunaStream.updateManyAndReturn({
        where: { heldBy: id, status: 'in_progress' },
        data: { heldBy: null, heldUntil: null, status: 'pending' },
        select: { id: true, version: true },
      });
      await transaction.lunaStream.updateMany({ where: { heldBy: id }, data: { heldBy: null, heldUntil: null } });
      const entries = freed.flatMap(({ id: streamId, version }) => [
        { streamId, version, status: 'restart' as const, error: 'its agent has left' },
        { streamId, version, status: 'pending' as const, error: null },
      ]);
      await writeLogs(transaction, entries);
      if (count === 0) return;
      await this.audit.entryOf(by, { action: 'agent.removed', entityType: 'agent', entityId: id, details: { name } })(transaction);
    });
  }

  async noteSeen(id: string): Promise<void> {
    await this.database.lunaAgent.updateMany({ where: { id }, data: { seenAt: new Date() } });
  }

  /**
   * Hands waiting streams to an agent, oldest first, as many as it has room for and all of whose analytics it knows. Each is
   * handed out once: two agents that ask at the same moment get different ones.
   */
  async handOut(agent: LunaAgentRow): Promise<{ streamId: string }[]> {
    return this.database.$transaction(async (transaction) => {
      await lockClaims(transaction);
      const handedOut = await transaction.$queryRaw<{ streamId: string; version: number }[]>`
      UPDATE nvr.luna_stream SET held_by = ${agent.id}, held_until = now() + ${feedbackLeaseMs} * interval '1 ms', status = 'in_progress', updated_at = now()
      WHERE id IN (
        SELECT id FROM nvr.luna_stream AS waiting
        WHERE account_id = ${agent.accountId}::uuid AND camera_id IS NULL AND status = 'pending' AND (held_until IS NULL OR held_until <= now())
          AND EXISTS (SELECT FROM nvr.luna_agent WHERE id = ${agent.id}::uuid)
          AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(waiting.analytics) AS asked WHERE NOT asked ->> 'analytic_name' = ANY(${agent.analytics}::text[]))
        ORDER BY created_at, id
        LIMIT greatest(0, ${agent.maxStreamCount} - (SELECT count(*) FROM nvr.luna_stream WHERE held_by = ${agent.id} AND held_until > now()))
        FOR UPDATE SKIP LOCKED)
      RETURNING id::text AS "streamId", version`;
      await writeLogs(
        transaction,
        handedOut.map((stream) => ({ ...stream, status: 'in_progress', error: null })),
      );
      return handedOut;
    });
  }

  /** Who works on a stream now. Of our own agents only the name is known. */
  async holderOf({ cameraId, heldBy, heldUntil }: LunaStreamRow): Promise<object | undefined> {
    const camera = cameraId === null ? undefined : await this.database.camera.findUnique({ where: { id: cameraId } });
    const [holder, until] = camera ? [camera.analysedBy, camera.analysedUntil] : [heldBy, heldUntil];
    if (holder === null || until === null || until.getTime() < Date.now()) return undefined;
    const foreign = camera ? null : await this.database.lunaAgent.findFirst({ where: { id: { equals: asUuid(holder) } } });
    return foreign ? agentView(foreign) : { name: holder, status: 'ready' };
  }
}

/** No agent has the nil id. */
function asUuid(text: string): string {
  return /^[0-9a-f-]{36}$/.test(text) ? text : '00000000-0000-0000-0000-000000000000';
}

/** An agent on the wire. */
export function agentView(agent: LunaAgentRow) {
  return {
    agent_id: agent.id,
    account_id: agent.accountId,
    name: agent.name,
    description: agent.description,
    host: agent.host,
    port: agent.port,
    api_version: agent.apiVersion,
    analytics: agent.analytics,
    max_stream_count: agent.maxStreamCount,
    status: Date.now() - agent.seenAt.getTime() <= agentAliveMs ? 'ready' : 'not_ready',
    last_contact_time: agent.seenAt.toISOString(),
  };
}
