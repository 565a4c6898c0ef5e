import { Inject, Injectable } from '@nestjs/common';
import { orUnavailable, type NvrDatabase } from '@nightjar/database';
import type { Clock } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { CLOCK, DATABASE } from '../process-parts.js';
import { defaultMonitoringPolicy, type MonitoringPolicy } from './resource-history.js';

const policyId = 1;
/** A change counts in every process after at most this long. */
const cacheMs = 5_000;

/** When the machine is busy enough to say so, as an admin decided it. */
@Injectable()
export class MonitoringPolicies {
  private known: { policy: MonitoringPolicy; readAtMs: number } | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly audit: AuditLog,
  ) {}

  /** @throws AppError `unavailable` */
  async current(): Promise<MonitoringPolicy> {
    const nowMs = this.clock.monotonicMs();
    if (this.known && nowMs - this.known.readAtMs < cacheMs) return this.known.policy;
    const row = await orUnavailable(this.database.monitoringPolicy.findUnique({ where: { id: policyId } }));
    const policy = row
      ? { ...row, diskFreeBytesMin: row.diskFreeBytesMin === null ? null : Number(row.diskFreeBytesMin) }
      : defaultMonitoringPolicy;
    this.known = { policy, readAtMs: nowMs };
    return policy;
  }

  /** What is undefined stays. */
  async change(admin: Actor, change: { [Name in keyof MonitoringPolicy]?: MonitoringPolicy[Name] | undefined }): Promise<MonitoringPolicy> {
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const act = { action: 'monitoring_policy.changed', entityType: 'monitoring_policy', details: given } as const;
    const writeEntry = this.audit.entryOf(admin, act);
    await this.database.$transaction(async (transaction) => {
      await transaction.monitoringPolicy.upsert({ where: { id: policyId }, create: { id: policyId, ...given }, update: given });
      await writeEntry(transaction);
    });
    this.known = undefined;
    return this.current();
  }
}
