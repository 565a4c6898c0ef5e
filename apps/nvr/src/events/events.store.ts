import { Inject, Injectable } from '@nestjs/common';
import type { EventView } from '@nightjar/contracts';
import { Prisma, type NvrDatabase } from '@nightjar/database';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';
import { addRuleMessages } from '../rules/rule-messages.js';
import { eventOfRow, type EventRow } from './event-row.js';
import { eventView } from './event-view.js';
import type { EventState } from './merge-event.js';
import { lockEventWrites } from './write-reports.js';

/** An event as the database holds it. `seq` is new with every change. */
export interface Event extends EventState {
  id: number;
  seq: number;
  cameraId: number;
  source: EventView['source'];
  eventType: EventView['event_type'];
  trackId: string | null;
  startedAt: Date;
}

/**
 * Ends the tracks and alerts of cameras whose agent has gone without ending them: nobody else would. Part of the transaction that
 * gives the cameras to another agent, so that none of the new agent's events is among them. Live clients see it with their next
 * poll.
 * @param cameras with the moment until which the former agent may have seen anything
 */
export async function endAbandonedEvents(
  transaction: Prisma.TransactionClient,
  cameras: readonly { cameraId: number; watchedUntil: Date }[],
): Promise<void> {
  if (cameras.length === 0) return;
  await lockEventWrites(transaction);
  const ended = await transaction.$queryRaw<EventRow[]>`
    UPDATE nvr.event AS event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), ended_at = greatest(event.started_at, abandoned.until)
    FROM unnest(${cameras.map(({ cameraId }) => cameraId)}::int[], ${cameras.map(({ watchedUntil }) => watchedUntil)}::timestamptz[]) AS abandoned(camera_id, until)
    WHERE event.camera_id = abandoned.camera_id AND event.ended_at IS NULL AND event.source = 'tier0' AND event.event_type IN ('track', 'alert')
    RETURNING event.*`;
  // Who was told of their beginning is told of their end; the sender finds it with its next poll.
  await addRuleMessages(
    transaction,
    ended.map((row) => eventView(eventOfRow(row))),
  );
}

/** Where a client is in the row of changes, and which of them are his. */
interface ChangesAfter {
  afterSeq: number;
  /** Undefined: of all cameras. */
  cameraIds: ReadonlySet<number> | undefined;
}

/** Reads events one by one and in the order of commits. */
@Injectable()
export class EventsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async find(id: number, scope: CameraScope): Promise<Event | undefined> {
    const row = await this.database.event.findFirst({ where: { id, camera: visibleCameras(scope) } });
    return row ? eventOf(row) : undefined;
  }

  /** Changes after `seq` in commit order; of an event that changed twice, the last. */
  async listAfter({ afterSeq, cameraIds }: ChangesAfter, limit: number): Promise<Event[]> {
    const rows = await this.database
      .$planned<EventRow>`SELECT * FROM nvr.event WHERE seq > ${afterSeq}::bigint ${ofCameras(cameraIds)} ORDER BY seq LIMIT ${limit}::int`;
    return rows.map(eventOfRow);
  }

  /** The newest change that ever was, removed or not, and the newest of those that were removed; 0 without any. */
  async readEnds(): Promise<{ newestSeq: number; removedUpToSeq: number }> {
    const [row] = await this.database.$planned<{ newest: bigint; removed: bigint }>`
      SELECT greatest((SELECT max(seq) FROM nvr.event), up_to_seq) AS newest, up_to_seq AS removed FROM nvr.event_removal`;
    return { newestSeq: Number(row?.newest ?? 0), removedUpToSeq: Number(row?.removed ?? 0) };
  }

  /** Of the changes after `seq` the one that stands `count` before the newest; undefined when there are not so many. */
  async seqBeforeNewest(count: number, { afterSeq, cameraIds }: ChangesAfter): Promise<number | undefined> {
    const [row] = await this.database.$planned<{ seq: bigint }>`
      SELECT seq FROM nvr.event WHERE seq > ${afterSeq}::bigint ${ofCameras(cameraIds)} ORDER BY seq DESC OFFSET ${count}::int LIMIT 1`;
    return row && Number(row.seq);
  }
}

function ofCameras(cameraIds: ReadonlySet<number> | undefined): Prisma.Sql {
  return cameraIds ? Prisma.sql`AND camera_id = ANY(${[...cameraIds]}::int[])` : Prisma.empty;
}

type EventRecord = Awaited<ReturnType<NvrDatabase['event']['findUniqueOrThrow']>>;

function eventOf({ createdAt: _createdAt, ...record }: EventRecord): Event {
  return { ...record, id: Number(record.id), seq: Number(record.seq) };
}
