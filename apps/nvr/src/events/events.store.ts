import { Inject, Injectable } from '@nestjs/common';
import type { EventView } from '@nightjar/contracts';
import type { NvrDatabase, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';
import { addRuleMessages } from '../rules/rule-messages.js';
import { RuleSender } from '../rules/rule-sender.js';
import { eventView } from './event-view.js';
import { mergeEvent, type EventState } from './merge-event.js';

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

/** Names one event; the same report twice is the same event. Without a track every report is another one. */
export interface EventKey {
  cameraId: number;
  trackId: string | null;
  startedAt: Date;
}

/** What of an event is said when it is opened, and stays. */
export type EventKind = Pick<Event, 'source' | 'eventType'>;

export interface SavedEvent {
  id: number;
  seq: number;
  /** Opened now, not changed. */
  isNew: boolean;
  /** Got its end now. */
  hasEnded: boolean;
  /** As it is now. */
  event: Event;
  evidenceFile: string | null;
  evidenceFileBefore: string | null;
}

/**
 * Every write takes it and keeps it to its commit: so `seq` grows in commit order, and whoever has seen `seq` n has missed
 * nothing below. The price is one event write at a time, a few hundred a second. Any number that no one else locks.
 */
const writeLock = 72_707_404n;

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
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${writeLock})`;
  const ended = await transaction.$queryRaw<{ id: bigint }[]>`
    UPDATE nvr.event AS event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), ended_at = greatest(event.started_at, abandoned.until)
    FROM unnest(${cameras.map(({ cameraId }) => cameraId)}::int[], ${cameras.map(({ watchedUntil }) => watchedUntil)}::timestamptz[]) AS abandoned(camera_id, until)
    WHERE event.camera_id = abandoned.camera_id AND event.ended_at IS NULL AND event.source = 'tier0' AND event.event_type IN ('track', 'alert')
    RETURNING event.id`;
  if (ended.length === 0) return;
  // Who was told of their beginning is told of their end; the sender finds it with its next poll.
  const rows = await transaction.event.findMany({ where: { id: { in: ended.map(({ id }) => id) } } });
  for (const row of rows) await addRuleMessages(transaction, eventView(eventOf(row)));
}

@Injectable()
export class EventsStore {
  /** Last of the writes of this process: they wait here, not each with a connection of the pool in its hand. */
  private lastWrite: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly sender: RuleSender,
  ) {}

  /** Opens or changes an event. At most as many wait as the bus lets in. @throws AppError `not_found` for an unknown camera */
  save(key: EventKey, report: EventState, kind: EventKind): Promise<SavedEvent> {
    const write = this.lastWrite.then(() => this.write(key, report, kind));
    // The next write begins when this one is over, however it ended; its caller hears of the error.
    this.lastWrite = write.catch(() => undefined);
    return write;
  }

  async find(id: number, scope: CameraScope): Promise<Event | undefined> {
    const row = await this.database.event.findFirst({ where: { id, camera: visibleCameras(scope) } });
    return row ? eventOf(row) : undefined;
  }

  /** Changes after `seq` in commit order; of an event that changed twice, the last. `cameraIds` undefined: of all cameras. */
  async listAfter(seq: number, options: { cameraIds: readonly number[] | undefined; limit: number }): Promise<Event[]> {
    const { cameraIds, limit } = options;
    const rows = await this.database.event.findMany({
      where: { seq: { gt: seq }, ...(cameraIds ? { cameraId: { in: [...cameraIds] } } : {}) },
      orderBy: { seq: 'asc' },
      take: limit,
    });
    return rows.map(eventOf);
  }

  /** 0 without any event. */
  async newestSeq(): Promise<number> {
    const row = await this.database.event.findFirst({ select: { seq: true }, orderBy: { seq: 'desc' } });
    return Number(row?.seq ?? 0);
  }

  /** The seq that stands `count` changes before the newest; undefined when there are not so many. */
  async seqBeforeNewest(count: number): Promise<number | undefined> {
    const row = await this.database.event.findFirst({ select: { seq: true }, orderBy: { seq: 'desc' }, skip: count });
    return row ? Number(row.seq) : undefined;
  }

  private async write(key: EventKey, report: EventState, kind: EventKind): Promise<SavedEvent> {
    const { messages, saved } = await this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${writeLock})`;
      const known = await findKnown(transaction, key);
      const merged = mergeEvent(known ? stateOf(known) : undefined, report);
      const evidenceFileBefore = known?.evidenceFile ?? null;
      if (known && !merged) return { messages: 0, saved: savedOf(eventOf(known), { isNew: false, hasEnded: false, evidenceFileBefore }) };
      const state = merged ?? report;
      const written = known ? await change(transaction, known, state) : await open(transaction, { ...key, ...kind }, state);
      const event = eventOf(written);
      return {
        messages: await addRuleMessages(transaction, eventView(event)),
        saved: savedOf(event, { isNew: !known, hasEnded: state.endedAt !== null && !known?.endedAt, evidenceFileBefore }),
      };
    });
    if (messages > 0) this.sender.nudge();
    return saved;
  }
}

type EventRow = Awaited<ReturnType<NvrDatabase['event']['findUniqueOrThrow']>>;

function eventOf(row: EventRow): Event {
  const { cameraId, eventType, source, startedAt, trackId } = row;
  return { id: Number(row.id), seq: Number(row.seq), cameraId, source, eventType, trackId, startedAt, ...stateOf(row) };
}

function stateOf({ endedAt, evidenceFile, label, payload, score }: EventRow): EventState {
  return { label, score, endedAt, evidenceFile, payload };
}

function savedOf(event: Event, change: Pick<SavedEvent, 'isNew' | 'hasEnded' | 'evidenceFileBefore'>): SavedEvent {
  const { evidenceFile, id, seq } = event;
  return { id, seq, event, evidenceFile, ...change };
}

async function findKnown(transaction: Prisma.TransactionClient, { cameraId, startedAt, trackId }: EventKey): Promise<EventRow | null> {
  if (trackId === null) return null;
  return transaction.event.findUnique({ where: { cameraId_trackId_startedAt: { cameraId, startedAt, trackId } } });
}

async function open(transaction: Prisma.TransactionClient, key: EventKey & EventKind, state: EventState): Promise<EventRow> {
  if ((await transaction.camera.count({ where: { id: key.cameraId, deletedAt: null } })) === 0)
    throw new AppError('not_found', 'Camera not found');
  return transaction.event.create({ data: { ...key, ...state, payload: state.payload as Prisma.InputJsonValue } });
}

/** The start is part of the key: it tells the partition. */
async function change(transaction: Prisma.TransactionClient, known: EventRow, state: EventState): Promise<EventRow> {
  const { id, startedAt } = known;
  const [row] = await transaction.$queryRaw<{ seq: bigint }[]>`
    UPDATE nvr.event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), label = ${state.label}, score = ${state.score}::real, ended_at = ${state.endedAt}::timestamptz,
      evidence_file = ${state.evidenceFile}, payload = ${JSON.stringify(state.payload)}::jsonb
    WHERE id = ${id} AND started_at = ${startedAt}::timestamptz RETURNING seq`;
  return { ...known, ...state, payload: state.payload as EventRow['payload'], seq: row?.seq ?? known.seq };
}
