import { Inject, Injectable } from '@nestjs/common';
import { isUniqueViolation, orUnavailable, type NvrDatabase, type Prisma } from '@nightjar/database';
import { AppError, type Clock } from '@nightjar/runtime';
import type { NvrConfig } from '../config.js';
import { CLOCK, CONFIG, DATABASE } from '../process-parts.js';
import type { Actor } from './actor.js';
import {
  ChainSeal,
  ChainWalk,
  hashBeforeFirst,
  hashOfEntry,
  type AuditRecord,
  type ChainedRecord,
  type ChainFault,
} from './audit-chain.js';

/** One writer at a time, over all processes; any number that no one else locks. Taken last in a transaction. */
const auditLock = 72_707_411n;
const headId = 1;
const pageEntries = 1_000;
/** A log of millions of entries takes minutes to check. */
const checkMs = 60 * 60_000;

export type AuditAction =
  | 'login.succeeded'
  | 'login.failed'
  | 'login.locked'
  | 'logout'
  | 'session.reused'
  | 'password.changed'
  | 'password.change_failed'
  | 'confirmation.failed'
  | 'mfa.enabled'
  | 'mfa.disabled'
  | 'mfa.failed'
  | 'mfa.recovery_codes_made'
  | 'sign_in_policy.changed'
  | 'monitoring_policy.changed'
  | 'user.created'
  | 'user.changed'
  | 'user.activated'
  | 'user.deleted'
  | 'user.cameras_granted'
  | 'role.created'
  | 'role.changed'
  | 'role.deleted'
  | 'camera.created'
  | 'camera.changed'
  | 'camera.deleted'
  | 'camera.restored'
  | 'camera.erased'
  | 'camera.granted'
  | 'camera.revoked'
  | 'recording.protected'
  | 'recording.released'
  | 'export.made'
  | 'api_key.created'
  | 'api_key.revoked'
  | 'rule.created'
  | 'rule.changed'
  | 'rule.deleted'
  | 'app.registered'
  | 'app.changed'
  | 'app.deleted'
  | 'stream.created'
  | 'stream.changed'
  | 'stream.removed'
  | 'stream.switched'
  | 'stream.logs_removed'
  | 'group.created'
  | 'group.changed'
  | 'group.removed'
  | 'analytic.registered'
  | 'analytic.removed'
  | 'agent.registered'
  | 'agent.removed'
  | 'access.refused';

/** What was done, to what. */
export interface Act {
  action: AuditAction;
  entityType:
    | 'user'
    | 'role'
    | 'sign_in_policy'
    | 'monitoring_policy'
    | 'camera'
    | 'protection'
    | 'export'
    | 'api_key'
    | 'session'
    | 'event_rule'
    | 'app'
    | 'stream'
    | 'group'
    | 'analytic'
    | 'agent'
    | 'route';
  /** Absent: told when the entry is written, for what gets its id then. */
  entityId?: number | string;
  /** Never a secret, and never a text that a stranger typed into a field for one. */
  details?: Record<string, unknown>;
}

/** Writes the entry of a change into the change's transaction: both or none. */
export type WriteEntry = (transaction: Prisma.TransactionClient, entityId?: number | string) => Promise<void>;

interface AuditFilter {
  tenantId: number;
  userId: number | undefined;
  action: string | undefined;
}

/** The log of who did what. It can only be added to; `check` finds whatever else was done to it. */
@Injectable()
export class AuditLog {
  private readonly seal: ChainSeal;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) config: Pick<NvrConfig, 'secretKey'>,
  ) {
    this.seal = new ChainSeal(config.secretKey);
  }

  /** The entry of a change that a store is about to make. */
  entryOf(actor: Actor, act: Act): WriteEntry {
    return (transaction, entityId) => this.append(transaction, actor, entityId === undefined ? act : { ...act, entityId });
  }

  /** Entries of what changes no other row. @throws AppError `unavailable` */
  async record(actor: Actor, ...acts: Act[]): Promise<void> {
    await orUnavailable(
      this.database.$transaction(async (transaction) => {
        for (const act of acts) await this.append(transaction, actor, act);
      }),
    );
  }

  /** Newest first. */
  async list(filter: AuditFilter, page: { skip: number; limit: number }): Promise<{ entries: AuditRecord[]; total: number }> {
    const where = {
      tenantId: filter.tenantId,
      ...(filter.userId === undefined ? {} : { actorUserId: filter.userId }),
      ...(filter.action === undefined ? {} : { action: filter.action }),
    };
    const [entries, total] = await Promise.all([
      this.database.auditEntry.findMany({ where, orderBy: { id: 'desc' }, skip: page.skip, take: page.limit }),
      this.database.auditEntry.count({ where }),
    ]);
    return { entries, total };
  }

  /** Reads all of the log, as it stands at one moment. @returns how many entries fit, and what does not */
  async check(): Promise<{ entries: number; fault: ChainFault | undefined }> {
    return this.database.$transaction(
      async (transaction) => {
        const walk = new ChainWalk(await transaction.auditHead.findUnique({ where: { id: headId } }), this.seal);
        let entries = 0;
        for await (const entry of readAll(transaction)) {
          const fault = walk.next(entry);
          if (fault) return { entries, fault };
          entries++;
        }
        return { entries, fault: walk.end() ?? (await findLostBegin(transaction, entries)) };
      },
      { isolationLevel: 'RepeatableRead', timeout: checkMs },
    );
  }

  private async append(transaction: Prisma.TransactionClient, actor: Actor, act: Act): Promise<void> {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${auditLock})`;
    const head = await transaction.auditHead.findUnique({ where: { id: headId } });
    const record = { ...recordOf(actor, act), id: (head?.entryId ?? 0n) + 1n, at: new Date(this.clock.wallMs()) };
    const hash = hashOfEntry(head?.hash ?? hashBeforeFirst, record);
    try {
      await transaction.auditEntry.create({ data: { ...record, hash } });
    } catch (cause) {
      if (!isUniqueViolation(cause)) throw cause;
      throw new AppError('internal', 'the audit log was tampered with: verify-audit tells where', { cause });
    }
    const end = { entryId: record.id, hash };
    const data = { ...end, seal: this.seal.make(end) };
    await transaction.auditHead.upsert({ where: { id: headId }, create: { id: headId, ...data }, update: data });
  }
}

/**
 * Finds a log that is whole but not all of it: emptied, and begun anew by the service, which sealed it; or put back to an earlier
 * moment. Every user is made together with an entry, the first one too, and entries outlive users: one without says that it is lost.
 */
async function findLostBegin(transaction: Prisma.TransactionClient, entries: number): Promise<ChainFault | undefined> {
  const unknown = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM nvr."user" WHERE id::text NOT IN (
      SELECT entity_id FROM nvr.audit_entry WHERE action = 'user.created' AND entity_type = 'user' AND entity_id IS NOT NULL) LIMIT 1`;
  if (unknown.length === 0) return undefined;
  return entries === 0 ? { kind: 'missing', entryId: 1n } : { kind: 'incomplete', entryId: BigInt(entries) };
}

async function* readAll(transaction: Prisma.TransactionClient): AsyncGenerator<ChainedRecord> {
  let page: ChainedRecord[] = [];
  do {
    const last = page.at(-1);
    page = await transaction.auditEntry.findMany({
      where: last ? { id: { gt: last.id } } : {},
      orderBy: { id: 'asc' },
      take: pageEntries,
    });
    yield* page;
  } while (page.length === pageEntries);
}

/** As the columns will hold it: the hash is over what can be read again. */
function recordOf(actor: Actor, act: Act) {
  return {
    tenantId: actor.tenantId,
    actorUserId: actor.userId,
    actorName: storable(actor.name, 100),
    action: act.action,
    entityType: act.entityType,
    entityId: act.entityId === undefined ? null : storable(String(act.entityId), 128),
    details: JSON.parse(JSON.stringify(act.details ?? {}), (_key, value: unknown) =>
      typeof value === 'string' ? storable(value, 1_000) : value,
    ) as Prisma.InputJsonObject,
    address: storable(actor.address, 64),
    userAgent: storable(actor.userAgent, 256),
    requestId: storable(actor.requestId, 128),
  };
}

/** Postgres has no NUL in texts, and no half characters. */
function storable(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).replace(/[\0\p{Cs}]/gu, '\ufffd');
}
