import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import type { SystemAlert } from './live-message.js';

/** Reads what the machine's watch has written down, as it is told on live streams. */
@Injectable()
export class SystemAlertsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Place of the newest one; 0: there is none. */
  async newestId(): Promise<number> {
    const newest = await this.database.systemEvent.findFirst({ orderBy: { id: 'desc' }, select: { id: true } });
    return Number(newest?.id ?? 0);
  }

  /** Those behind a place, oldest first. They are committed in the order of their ids. */
  async listAfter(id: number, limit: number): Promise<{ id: number; alert: SystemAlert }[]> {
    const rows = await this.database.systemEvent.findMany({ where: { id: { gt: id } }, orderBy: { id: 'asc' }, take: limit });
    return rows.map(({ id, host, eventType, eventState, severity, description, occurredAt }) => ({
      id: Number(id),
      alert: {
        host: host === '' ? null : host,
        alert_type: eventType,
        state: eventState,
        severity,
        description,
        occurred_at: occurredAt.toISOString(),
      },
    }));
  }
}
