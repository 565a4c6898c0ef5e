import { Inject, Injectable } from '@nestjs/common';
import { Prisma, type NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import { eventOfRow, type EventRow } from './event-row.js';
import type { EventsCursor, EventsFilter } from './events-query.js';
import type { Event } from './events.store.js';

/** Up to here the newest of each camera are merged, each from its own index; beyond, the list of all is read and sifted. */
const mergedCamerasMax = 64;

/** An event with what the caller has done with it. */
export interface ListedEvent extends Event {
  reviewed: boolean;
}

/** A page of the list. */
export interface EventsPage {
  /** Undefined: of all cameras that are not deleted. */
  cameraIds: readonly number[] | undefined;
  filter: Partial<EventsFilter>;
  /** Events behind this one; undefined: from the newest. */
  cursor?: EventsCursor | undefined;
  limit: number;
  /** Whose reviews count; undefined: nobody's. */
  userId: number | undefined;
}

/** Reads lists of events, newest start first. */
@Injectable()
export class EventListStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async list(page: EventsPage): Promise<ListedEvent[]> {
    const { cameraIds, limit, userId } = page;
    if (cameraIds?.length === 0) return [];
    const conditions = [...(await this.rangeConditions(page.filter)), ...filterConditions(page)];
    const reviewed = Prisma.sql`EXISTS (SELECT FROM nvr.event_review AS review WHERE review.user_id = ${userId ?? 0} AND review.event_id = event.id)`;
    const newest = (ofCameras: Prisma.Sql) => Prisma.sql`
      SELECT event.*, ${reviewed} AS reviewed FROM nvr.event AS event
      WHERE ${Prisma.join([ofCameras, ...conditions], ' AND ')}
      ORDER BY event.started_at DESC, event.id DESC LIMIT ${limit}`;
    const rows = await this.database.$queryRaw<ListedRow[]>(
      cameraIds !== undefined && cameraIds.length <= mergedCamerasMax
        ? Prisma.sql`
          SELECT page.* FROM unnest(${[...new Set(cameraIds)]}::int[]) AS wanted(id)
          CROSS JOIN LATERAL (${newest(Prisma.sql`event.camera_id = wanted.id`)}) AS page
          ORDER BY page.started_at DESC, page.id DESC LIMIT ${limit}`
        : newest(
            cameraIds === undefined
              ? Prisma.sql`event.camera_id NOT IN (SELECT id FROM nvr.camera WHERE deleted_at IS NOT NULL)`
              : Prisma.sql`event.camera_id = ANY(${[...cameraIds]}::int[])`,
          ),
    );
    return rows.map((row) => ({ ...eventOfRow(row), reviewed: row.reviewed }));
  }

  /** What overlaps a range begins, as the list is sorted, nowhere before the earliest event that was going on at its start. */
  private async rangeConditions({ from, to }: Partial<EventsFilter>): Promise<Prisma.Sql[]> {
    const conditions = to ? [Prisma.sql`event.started_at < ${to}::timestamptz`] : [];
    if (!from) return conditions;
    // Materialized: else the earliest is looked for along all starts, from the oldest on.
    const [first] = await this.database.$queryRaw<{ earliest: Date | null }[]>`
      WITH spanning AS MATERIALIZED (
        SELECT started_at FROM nvr.event
        WHERE started_at <= ${from}::timestamptz AND ended_at IS NOT NULL AND tstzrange(started_at, greatest(started_at, ended_at), '[]') @> ${from}::timestamptz)
      SELECT min(started_at) AS earliest FROM spanning`;
    return [
      ...conditions,
      Prisma.sql`event.started_at >= ${first?.earliest ?? from}::timestamptz`,
      Prisma.sql`(event.started_at >= ${from}::timestamptz OR event.ended_at >= ${from}::timestamptz)`,
    ];
  }
}

function filterConditions({ cursor, filter, userId }: EventsPage): Prisma.Sql[] {
  const { eventType, hasEvidence, label, minScore, reviewed, source } = filter;
  const isReviewed = Prisma.sql`EXISTS (SELECT FROM nvr.event_review AS seen WHERE seen.user_id = ${userId ?? 0} AND seen.event_id = event.id)`;
  return [
    ...(cursor
      ? [Prisma.sql`(event.started_at, event.id) < (${new Date(cursor.startedAtUnixMs)}::timestamptz, ${cursor.id}::bigint)`]
      : []),
    ...(label === undefined ? [] : [Prisma.sql`event.label = ${label}`]),
    ...(source === undefined ? [] : [Prisma.sql`event.source = ${source}::nvr.event_source`]),
    ...(eventType === undefined ? [] : [Prisma.sql`event.event_type = ${eventType}::nvr.event_type`]),
    ...(minScore === undefined ? [] : [Prisma.sql`event.score >= ${minScore}::real`]),
    ...(hasEvidence === undefined
      ? []
      : [hasEvidence ? Prisma.sql`event.evidence_file IS NOT NULL` : Prisma.sql`event.evidence_file IS NULL`]),
    ...(reviewed === undefined ? [] : [reviewed ? isReviewed : Prisma.sql`NOT ${isReviewed}`]),
  ];
}

interface ListedRow extends EventRow {
  reviewed: boolean;
}
