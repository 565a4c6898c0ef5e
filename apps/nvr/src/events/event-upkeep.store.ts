import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';

/** A place in the row of events, oldest first. */
interface EventPlace {
  startedAt: Date;
  id: bigint;
}

/** Partitions of events, and events that are too old. */
@Injectable()
export class EventUpkeepStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** @returns how many partitions were made */
  async makeMonths(ahead: number): Promise<number> {
    const [row] = await this.database.$queryRaw<{ made: number }[]>`SELECT nvr.make_event_partitions(${ahead}::int) AS made`;
    return row?.made ?? 0;
  }

  /** Drops the months that were over at `before`. @returns how many */
  async dropMonths(before: Date): Promise<number> {
    const [row] = await this.database.$queryRaw<{ dropped: number }[]>`SELECT nvr.drop_event_partitions(${before}::timestamptz) AS dropped`;
    return row?.dropped ?? 0;
  }

  /** Pictures of events that began before a moment, oldest first. */
  listEvidence(query: { behind: EventPlace; before: Date; limit: number }): Promise<(EventPlace & { evidenceFile: string })[]> {
    const { before, behind, limit } = query;
    return this.database.$queryRaw`
      SELECT id, started_at AS "startedAt", evidence_file AS "evidenceFile" FROM nvr.event
      WHERE (started_at, id) > (${behind.startedAt}::timestamptz, ${behind.id}::bigint) AND started_at < ${before}::timestamptz AND evidence_file IS NOT NULL
      ORDER BY started_at, id LIMIT ${limit}::int`;
  }

  /** @returns how many rows were removed, at most `limit` */
  removeRows({ before, limit }: { before: Date; limit: number }): Promise<number> {
    return this.database.$executeRaw`
      DELETE FROM nvr.event WHERE (id, started_at) IN (
        SELECT id, started_at FROM nvr.event WHERE started_at < ${before}::timestamptz ORDER BY started_at, id LIMIT ${limit}::int)`;
  }
}
