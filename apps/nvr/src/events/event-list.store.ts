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
    const { cameraIds, filter, limit } = page;
    if (cameraIds?.length === 0) return { events: [], lookedUpTo: undefined };
    const begun = await this.listBegun(page);
    const missing = limit - begun.events.length;
    if (!filter.from || begun.lookedUpTo || missing <= 0) return begun;
    // What was going on when the range began stands behind all that began in it.
    const goingOn = await this.listGoingOn({ ...page, limit: missing }, filter.from);
    return { events: [...begun.events, ...goingOn], lookedUpTo: undefined };
  }

  /** What began in the range, along the indexes that are sorted as the list is. */
  private async listBegun(page: EventsPage): Promise<FoundEvents> {
    const { limit, userId } = page;
    const walk = walkOf(page);
    const sifts = siftConditions(page);
    const newest = (ofCameras: Prisma.Sql) => {
      const matching =
        sifts.length === 0
          ? Prisma.sql`FROM nvr.event AS event WHERE ${Prisma.join([ofCameras, ...walk.conditions], ' AND ')}`
          : Prisma.sql`FROM (${rowsAlong(ofCameras, walk)} LIMIT ${walk.rowsMax}) AS event WHERE ${Prisma.join(sifts, ' AND ')}`;
      return Prisma.sql`SELECT event.*, ${reviewedBy(userId)} ${matching} ORDER BY event.started_at DESC, event.id DESC LIMIT ${limit}`;
    };
    const rows = await this.database.$queryRaw<ListedRow[]>(
      walk.merged
        ? Prisma.sql`
          SELECT page.* FROM unnest(${walk.merged}::int[]) AS wanted(id)
          CROSS JOIN LATERAL (${newest(Prisma.sql`event.camera_id = wanted.id`)}) AS page
          ORDER BY page.started_at DESC, page.id DESC LIMIT ${limit}`
        : newest(walk.ofCameras),
    );
    const events = rows.map(listedEventOf);
    const mayHaveStopped = sifts.length > 0 && (events.length < limit || (walk.merged?.length ?? 1) > 1);
    return cutAt(events, mayHaveStopped ? await this.findStop(walk) : undefined);
  }

  /**
   * What began before a moment and was not over then: as many as go on at a time, of all cameras, from the index on spans.
   * Materialized: else, for the sake of the order, they are looked for along all that ever began before.
   */
  private async listGoingOn(page: EventsPage, moment: Date): Promise<ListedEvent[]> {
    const { cameraIds, limit, userId } = page;
    const conditions = [ofCameras(cameraIds), ...placeConditions(page), ...siftConditions(page)];
    const rows = await this.database.$queryRaw<ListedRow[]>`
      WITH going_on AS MATERIALIZED (
        SELECT * FROM nvr.event
        WHERE started_at < ${moment}::timestamptz AND ended_at IS NOT NULL
          AND tstzrange(started_at, greatest(started_at, ended_at), '[]') @> ${moment}::timestamptz)
      SELECT event.*, ${reviewedBy(userId)} FROM going_on AS event WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY event.started_at DESC, event.id DESC LIMIT ${limit}`;
    return rows.map(listedEventOf);
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

function walkOf(page: EventsPage): Walk {
  const { cameraIds, filter, lookedAtMax } = page;
  const { from, to } = filter;
  const distinct = cameraIds && [...new Set(cameraIds)];
  const merged = distinct && distinct.length <= mergedCamerasMax ? distinct : undefined;
  const conditions = [
    ...(from ? [Prisma.sql`event.started_at >= ${from}::timestamptz`] : []),
    ...(to ? [Prisma.sql`event.started_at < ${to}::timestamptz`] : []),
    ...placeConditions(page),
  ];
  return {
    conditions,
    merged,
    ofCameras: ofCameras(distinct),
    rowsMax: Math.max(1, Math.floor(lookedAtMax / (merged?.length ?? 1))),
  };
}

function ofCameras(cameraIds: readonly number[] | undefined): Prisma.Sql {
  return cameraIds
    ? Prisma.sql`event.camera_id = ANY(${[...cameraIds]}::int[])`
    : Prisma.sql`event.camera_id NOT IN (SELECT id FROM nvr.camera WHERE deleted_at IS NOT NULL)`;
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

/** What an index finds. Partial indexes are used where their condition stands in the statement word for word. */
function placeConditions({ cursor, filter }: EventsPage): Prisma.Sql[] {
  const { eventType, label, plate, source } = filter;
  return [
    ...(cursor
      ? [Prisma.sql`(event.started_at, event.id) < (${new Date(cursor.startedAtUnixMs)}::timestamptz, ${cursor.id}::bigint)`]
      : []),
    ...(label === undefined ? [] : [Prisma.sql`event.label = ${label}`]),
    ...(isOfMost(source) ? [] : [Prisma.sql`event.source = ${source}::nvr.event_source AND event.source <> 'tier0'`]),
    ...(isOfMost(eventType) ? [] : [Prisma.sql`event.event_type = ${eventType}::nvr.event_type AND event.event_type <> 'track'`]),
    ...(plate === undefined ? [] : [Prisma.sql`event.plate_text IS NOT NULL`]),
  ];
}

/** Filters without an index: rows are looked at one by one. */
function siftConditions({ filter, userId }: EventsPage): Prisma.Sql[] {
  const { eventType, hasEvidence, minScore, plate, reviewed, source } = filter;
  const isReviewed = Prisma.sql`EXISTS (SELECT FROM nvr.event_review AS seen WHERE seen.user_id = ${userId ?? 0} AND seen.event_id = event.id)`;
  return [
    ...(source === 'tier0' ? [Prisma.sql`event.source = 'tier0'`] : []),
    ...(eventType === 'track' ? [Prisma.sql`event.event_type = 'track'`] : []),
    ...(plate === undefined ? [] : [Prisma.sql`strpos(event.plate_text, ${plate}) > 0`]),
    ...(minScore === undefined ? [] : [Prisma.sql`event.score >= ${minScore}::real`]),
    ...(hasEvidence === undefined
      ? []
      : [hasEvidence ? Prisma.sql`event.evidence_file IS NOT NULL` : Prisma.sql`event.evidence_file IS NULL`]),
    ...(reviewed === undefined ? [] : [reviewed ? isReviewed : Prisma.sql`NOT ${isReviewed}`]),
  ];
}

/** What nearly every event is has no index: a page finds its rows soon. */
function isOfMost(kind: EventsFilter['source'] | EventsFilter['eventType']): boolean {
  return kind === undefined || kind === 'tier0' || kind === 'track';
}

function reviewedBy(userId: number | undefined): Prisma.Sql {
  return Prisma.sql`EXISTS (SELECT FROM nvr.event_review AS review WHERE review.user_id = ${userId ?? 0} AND review.event_id = event.id) AS reviewed`;
}

interface ListedRow extends EventRow {
  reviewed: boolean;
}

function listedEventOf(row: ListedRow): ListedEvent {
  return { ...eventOfRow(row), reviewed: row.reviewed };
}
