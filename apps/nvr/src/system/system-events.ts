import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import type { Clock } from '@nightjar/runtime';
import { CLOCK, DATABASE } from '../process-parts.js';
import type { AlertType, ResourceAlert } from './resource-history.js';

/** One writer at a time, over all processes; any number that no one else locks. */
const eventsLock = 72_707_431n;
/** The oldest go beyond that. */
const keptMax = 10_000;
const minuteMs = 60_000;

/** What was the matter, or is over. */
export interface SystemEvent {
  id: number;
  eventType: string;
  eventState: 'active' | 'inactive';
  severity: string;
  description: string;
  data: unknown;
  occurredAt: Date;
}

const severities: Readonly<Record<AlertType, 'warning' | 'critical'>> = {
  cpu_high: 'warning',
  memory_high: 'warning',
  disk_low: 'critical',
  disk_stat_error: 'critical',
};
const texts: Readonly<Record<AlertType, string>> = {
  cpu_high: 'the CPU is busy',
  memory_high: 'memory is short',
  disk_low: 'the disk of recordings is nearly full',
  disk_stat_error: 'the disk of recordings does not answer',
};
const alertTypes = Object.keys(severities) as AlertType[];

/** Writes down when something begins to be the matter with the machine, goes on for long, and is over. */
@Injectable()
export class SystemEvents {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Brings what is written in line with what is so now; what stands there already is not written twice, by no process.
   * @param repeatMinutes what goes on is written again after so long; 0: it is not
   */
  async note(alerts: readonly ResourceAlert[], repeatMinutes: number): Promise<void> {
    const known = await this.lastOfEach(this.database);
    const isNews = (type: AlertType) => this.newsOf(type, alerts, known.get(type), repeatMinutes) !== undefined;
    if (!alertTypes.some(isNews)) return;
    await this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${eventsLock})`;
      const last = await this.lastOfEach(transaction);
      const news = alertTypes.flatMap((type) => this.newsOf(type, alerts, last.get(type), repeatMinutes) ?? []);
      await transaction.systemEvent.createMany({ data: news });
      await transaction.$executeRaw`
        DELETE FROM nvr.system_event WHERE id <= (SELECT id FROM nvr.system_event ORDER BY id DESC OFFSET ${keptMax}::int LIMIT 1)`;
    });
  }

  /** Newest first. */
  async list(query: {
    eventType: string | undefined;
    eventState: string | undefined;
    skip: number;
    limit: number;
  }): Promise<{ found: SystemEvent[]; total: number }> {
    const { eventState, eventType, limit, skip } = query;
    const where = { ...(eventType !== undefined && { eventType }), ...(eventState !== undefined && { eventState }) };
    const [rows, total] = await Promise.all([
      this.database.systemEvent.findMany({ where, orderBy: [{ occurredAt: 'desc' }, { id: 'desc' }], skip, take: limit }),
      this.database.systemEvent.count({ where }),
    ]);
    return { found: rows.map((row) => ({ ...row, id: Number(row.id), eventState: stateOf(row.eventState) })), total };
  }

  private newsOf(
    type: AlertType,
    alerts: readonly ResourceAlert[],
    last: { eventState: string; occurredAt: Date } | undefined,
    repeatMinutes: number,
  ) {
    const alert = alerts.find(({ alert_type }) => alert_type === type);
    const wasActive = last?.eventState === 'active';
    const nowMs = this.clock.wallMs();
    const isDue = wasActive && repeatMinutes > 0 && nowMs - last.occurredAt.getTime() >= repeatMinutes * minuteMs;
    const same = { eventType: type, severity: severities[type], occurredAt: new Date(nowMs) };
    if (alert && (!wasActive || isDue))
      return { ...same, eventState: 'active', description: `${texts[type]}, since ${alert.since}`, data: { since: alert.since } };
    return !alert && wasActive ? { ...same, eventState: 'inactive', description: `${texts[type]}: over`, data: {} } : undefined;
  }

  private async lastOfEach(database: Pick<NvrDatabase, '$queryRaw'>): Promise<Map<string, { eventState: string; occurredAt: Date }>> {
    const rows = await database.$queryRaw<{ eventType: string; eventState: string; occurredAt: Date }[]>`
      SELECT type AS "eventType", last.event_state AS "eventState", last.occurred_at AS "occurredAt"
      FROM unnest(${alertTypes}::text[]) AS type
      CROSS JOIN LATERAL (SELECT event_state, occurred_at FROM nvr.system_event WHERE event_type = type ORDER BY id DESC LIMIT 1) AS last`;
    return new Map(rows.map((row) => [row.eventType, row]));
  }
}

function stateOf(text: string): SystemEvent['eventState'] {
  return text === 'active' ? 'active' : 'inactive';
}
