import { randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import type { Logger } from '@nightjar/runtime';
import { DATABASE, LOGGER } from '../process-parts.js';
import { writeLog } from './luna-streams.store.js';
import type { LunaStatus } from './stream-request.js';

const everyMs = 2_000;
/** A master that was silent for this long is none any more. */
const heartbeatMsMax = 10_000;
const masterId = 1;
const logsDays = 7;
const silentAgentDays = 3;
const rowsAtOnce = 500;

/**
 * What only one process may do: it frees streams whose agent fell silent, restarts those that failed, and removes what is old. Every
 * API process tries to be the one; whoever holds the row is, as long as it beats.
 */
@Injectable()
export class LunaMaster implements OnModuleDestroy {
  private readonly owner = randomUUID();
  private readonly timer: NodeJS.Timeout;
  private running: Promise<void> | undefined;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => {
      this.running ??= this.work().finally(() => (this.running = undefined));
    }, everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
    await this.database.lunaMaster.deleteMany({ where: { id: masterId, owner: this.owner } }).catch(() => undefined);
  }

  private async work(): Promise<void> {
    try {
      if (!(await this.isMaster())) return;
      await this.freeAbandoned();
      await this.restartFailed();
      await this.removeOld();
    } catch (error) {
      this.logger.debug('the streams of the Luna surface were not looked after', { error });
    }
  }

  private async isMaster(): Promise<boolean> {
    const count = await this.database.$executeRaw`
      INSERT INTO nvr.luna_master AS known (id, owner, heartbeat_at) VALUES (${masterId}, ${this.owner}::uuid, now())
      ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, heartbeat_at = now()
      WHERE known.owner = excluded.owner OR known.heartbeat_at < now() - ${heartbeatMsMax} * interval '1 ms'`;
    return count === 1;
  }

  /** Nobody told of them for as long as their lease: they wait for another agent. */
  private async freeAbandoned(): Promise<void> {
    const abandoned = await this.database.$queryRaw<{ id: string; version: number }[]>`
      SELECT s.id, s.version FROM nvr.luna_stream s LEFT JOIN nvr.camera c ON c.id = s.camera_id
      WHERE s.status = 'in_progress' AND coalesce(c.analysed_until, s.held_until, '-infinity') < now()
      ORDER BY s.id LIMIT ${rowsAtOnce}`;
    for (const { id, version } of abandoned)
      await this.move({ id, version }, { from: 'in_progress', data: { heldBy: null, heldUntil: null }, error: 'its agent fell silent' });
  }

  private async restartFailed(): Promise<void> {
    const due = await this.database.$queryRaw<{ id: string; version: number; lastError: string | null }[]>`
      SELECT id, version, last_error AS "lastError" FROM nvr.luna_stream
      WHERE status = 'failure' AND (autorestart ->> 'restart')::int = 1 AND attempts < (autorestart ->> 'attempt_count')::int
        AND greatest(coalesce(last_attempt_at, '-infinity'), updated_at) < now() - ((autorestart ->> 'delay')::int * interval '1 s')
      ORDER BY id LIMIT ${rowsAtOnce}`;
    for (const { id, lastError, version } of due) {
      const data = { attempts: { increment: 1 }, lastAttemptAt: new Date() };
      await this.move({ id, version }, { from: 'failure', data, error: lastError });
    }
  }

  /** To `pending`, by way of `restart`; nothing happens when a user was faster. */
  private async move(
    { id, version }: { id: string; version: number },
    { from, data, error }: { from: LunaStatus; data: object; error: string | null },
  ): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      const { count } = await transaction.lunaStream.updateMany({
        where: { id, version, status: from },
        data: { ...data, status: 'pending' },
      });
      if (count === 0) return;
      await writeLog(transaction, { streamId: id, version, status: 'restart', error });
      await writeLog(transaction, { streamId: id, version, status: 'pending', error: null });
    });
  }

  private async removeOld(): Promise<void> {
    await this.database.$executeRaw`
      DELETE FROM nvr.luna_stream_log WHERE id IN (
        SELECT id FROM nvr.luna_stream_log WHERE at < now() - ${logsDays} * interval '1 day' ORDER BY at LIMIT ${rowsAtOnce})`;
    await this.database.$executeRaw`DELETE FROM nvr.luna_agent WHERE seen_at < now() - ${silentAgentDays} * interval '1 day'`;
  }
}
