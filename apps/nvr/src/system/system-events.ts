import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import type { Clock } from '@nightjar/runtime';
import { CLOCK, DATABASE } from '../process-parts.js';
import { alertTypes, newsOf, type LastWord } from './alert-news.js';
import type { ResourceAlert } from './resource-history.js';

/** One writer at a time, over all processes; any number that no one else locks. */
const eventsLock = 72_707_431n;
/** The oldest go beyond that. */
const keptMax = 10_000;

/** What was the matter, or is over. */
interface SystemEvent {
  id: number;
  /** Empty: of before hosts were told apart. */
  host: string;
  eventType: string;
  eventState: 'active' | 'inactive';
  severity: string;
  description: string;
  data: unknown;
  occurredAt: Date;
}

/** What is the matter with one host, as one of its processes sees it. */
interface HostCondition {
  /** Processes of one host see the same disk and CPU, those of another do not: each host speaks for itself alone. */
  host: string;
  alerts: readonly ResourceAlert[];
  /** What goes on is written again after so long; 0: it is not. */
  repeatMinutes: number;
}

/** Writes down when something begins to be the matter with a host, goes on for long, and is over. */
@Injectable()
export class SystemEvents {
  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Brings what is written of a host in line with what is so now; what stands there already is not written twice, by no process. */
  async note({ alerts, host, repeatMinutes }: HostCondition): Promise<void> {
    const findNews = async (database: Pick<NvrDatabase, '$queryRaw'>) =>
      newsOf(alerts, { last: await lastWords(database, host), repeatMinutes, nowMs: this.clock.wallMs() });
    if ((await findNews(this.database)).length === 0) return;
    await this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${eventsLock})`;
      const news = await findNews(transaction);
      await transaction.systemEvent.createMany({ data: news.map((one) => ({ ...one, host })) });
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
}

/** By kind. */
async function lastWords(database: Pick<NvrDatabase, '$queryRaw'>, host: string): Promise<Map<string, LastWord>> {
  const rows = await database.$queryRaw<(LastWord & { eventType: string })[]>`
    SELECT type AS "eventType", last.event_state AS "eventState", last.occurred_at AS "occurredAt"
    FROM unnest(${alertTypes}::text[]) AS type
    CROSS JOIN LATERAL (
      SELECT event_state, occurred_at FROM nvr.system_event WHERE host = ${host} AND event_type = type ORDER BY id DESC LIMIT 1
    ) AS last`;
  return new Map(rows.map((row) => [row.eventType, row]));
}

function stateOf(text: string): SystemEvent['eventState'] {
  return text === 'active' ? 'active' : 'inactive';
}
