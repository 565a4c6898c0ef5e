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
  /** Rows that are looked at, at most, for filters without an index of their own. */
  lookedAtMax: number;
  /** Whose reviews count; undefined: nobody's. */
  userId: number | undefined;
}

export interface FoundEvents {
  /** Newest start first. */
  events: ListedEvent[];
  /** Set when so many rows were looked at that the reading stopped: behind this place nobody has looked yet. */
  lookedUpTo: EventsCursor | undefined;
}

/** Reads lists of events, newest start first. */
@Injectable()
export class EventListStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async list(page: EventsPage): Promise<FoundEvents> {
    const { cameraIds, limit, userId } = page;
    if (cameraIds?.length === 0) return { events: [], lookedUpTo: undefined };
    const walk = await this.walkOf(page);
    const sifts = siftConditions(page);
    const reviewed = Prisma.sql`EXISTS (SELECT FROM nvr.event_review AS review WHERE review.user_id = ${userId ?? 0} AND review.event_id = event.id) AS reviewed`;
    const newest = (ofCameras: Prisma.Sql) => {
      const matching =
        sifts.length === 0
          ? Prisma.sql`FROM nvr.event AS event WHERE ${Prisma.join([ofCameras, ...walk.conditions], ' AND ')}`
          : Prisma.sql`FROM (${rowsAlong(ofCameras, walk)} LIMIT ${walk.rowsMax}) AS event WHERE ${Prisma.join(sifts, ' AND ')}`;
      return Prisma.sql`SELECT event.*, ${reviewed} ${matching} ORDER BY event.started_at DESC, event.id DESC LIMIT ${limit}`;
    };
    const rows = await this.database.$queryRaw<ListedRow[]>(
      walk.merged
        ? Prisma.sql`
          SELECT page.* FROM unnest(${walk.merged}::int[]) AS wanted(id)
          CROSS JOIN LATERAL (${newest(Prisma.sql`event.camera_id = wanted.id`)}) AS page
          ORDER BY page.started_at DESC, page.id DESC LIMIT ${limit}`
        : newest(walk.ofCameras),
    );
    const events = rows.map((row) => ({ ...eventOfRow(row), reviewed: row.reviewed }));
    const mayHaveStopped = sifts.length > 0 && (events.length < limit || (walk.merged?.length ?? 1) > 1);
    return cutAt(events, mayHaveStopped ? await this.findStop(walk) : undefined);
  }

  /** The newest of the places where a reading stopped: the last row that was looked at, of one camera or of all. */
  private async findStop(walk: Walk): Promise<EventsCursor | undefined> {
    const last = (ofCameras: Prisma.Sql) => Prisma.sql`${rowsAlong(ofCameras, walk)} OFFSET ${walk.rowsMax - 1} LIMIT 1`;
    const [stop] = await this.database.$queryRaw<Pick<EventRow, 'id' | 'started_at'>[]>(
      walk.merged
        ? Prisma.sql`
          SELECT last.started_at, last.id FROM unnest(${walk.merged}::int[]) AS wanted(id)
          CROSS JOIN LATERAL (${last(Prisma.sql`event.camera_id = wanted.id`)}) AS last
          ORDER BY last.started_at DESC, last.id DESC LIMIT 1`
        : Prisma.sql`SELECT last.started_at, last.id FROM (${last(walk.ofCameras)}) AS last`,
    );
    return stop && { startedAtUnixMs: stop.started_at.getTime(), id: Number(stop.id) };
  }

  private async walkOf({ cameraIds, cursor, filter, lookedAtMax }: EventsPage): Promise<Walk> {
    const conditions = [...(await this.rangeConditions(filter)), ...placeConditions(cursor, filter)];
    const distinct = cameraIds && [...new Set(cameraIds)];
    const merged = distinct && distinct.length <= mergedCamerasMax ? distinct : undefined;
    const ofCameras = distinct
      ? Prisma.sql`event.camera_id = ANY(${distinct}::int[])`
      : Prisma.sql`event.camera_id NOT IN (SELECT id FROM nvr.camera WHERE deleted_at IS NOT NULL)`;
    return { conditions, merged, ofCameras, rowsMax: Math.max(1, Math.floor(lookedAtMax / (merged?.length ?? 1))) };
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

/** The way through the rows on which a page is looked for. */
interface Walk {
  /** All that an index finds, beside the cameras. */
  conditions: Prisma.Sql[];
  /** Cameras that are read one by one, each along its own index; undefined: all are read as one. */
  merged: number[] | undefined;
  ofCameras: Prisma.Sql;
  /** Rows that are looked at, at most: of each camera, or of all as one. */
  rowsMax: number;
}

function rowsAlong(ofCameras: Prisma.Sql, { conditions }: Walk): Prisma.Sql {
  return Prisma.sql`
    SELECT event.* FROM nvr.event AS event WHERE ${Prisma.join([ofCameras, ...conditions], ' AND ')} ORDER BY event.started_at DESC, event.id DESC`;
}

/** Behind the place where a reading stopped there may be more of one camera, before what was found of another. */
function cutAt(events: ListedEvent[], stop: EventsCursor | undefined): FoundEvents {
  if (!stop) return { events, lookedUpTo: undefined };
  const isLookedAt = ({ id, startedAt }: ListedEvent) =>
    startedAt.getTime() > stop.startedAtUnixMs || (startedAt.getTime() === stop.startedAtUnixMs && id >= stop.id);
  return { events: events.filter(isLookedAt), lookedUpTo: stop };
}

function placeConditions(cursor: EventsCursor | undefined, { label }: Partial<EventsFilter>): Prisma.Sql[] {
  return [
    ...(cursor
      ? [Prisma.sql`(event.started_at, event.id) < (${new Date(cursor.startedAtUnixMs)}::timestamptz, ${cursor.id}::bigint)`]
      : []),
    ...(label === undefined ? [] : [Prisma.sql`event.label = ${label}`]),
  ];
}

/** Filters without an index: rows are looked at one by one. */
function siftConditions({ filter, userId }: EventsPage): Prisma.Sql[] {
  const { eventType, hasEvidence, minScore, reviewed, source } = filter;
  const isReviewed = Prisma.sql`EXISTS (SELECT FROM nvr.event_review AS seen WHERE seen.user_id = ${userId ?? 0} AND seen.event_id = event.id)`;
  return [
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
