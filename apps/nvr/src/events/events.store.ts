import { Inject, Injectable } from '@nestjs/common';
import type { EventView } from '@nightjar/contracts';
import type { NvrDatabase, Prisma } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';
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

/** Names one event; the same report twice is the same event. */
export interface EventKey {
  cameraId: number;
  trackId: string;
  startedAt: Date;
}

export interface SavedEvent {
  id: number;
  seq: number;
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
  await transaction.$executeRaw`
    UPDATE nvr.event AS event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), ended_at = greatest(event.started_at, abandoned.until)
    FROM unnest(${cameras.map(({ cameraId }) => cameraId)}::int[], ${cameras.map(({ watchedUntil }) => watchedUntil)}::timestamptz[]) AS abandoned(camera_id, until)
    WHERE event.camera_id = abandoned.camera_id AND event.ended_at IS NULL AND event.source = 'tier0' AND event.event_type IN ('track', 'alert')`;
}

@Injectable()
export class EventsStore {
  /** Last of the writes of this process: they wait here, not each with a connection of the pool in its hand. */
  private lastWrite: Promise<unknown> = Promise.resolve();

  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Opens or changes an event. At most as many wait as the bus lets in. @throws AppError `not_found` for an unknown camera */
  save(key: EventKey, report: EventState, eventType: Event['eventType'] = 'track'): Promise<SavedEvent> {
    const write = this.lastWrite.then(() => this.write(key, report, eventType));
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

  private write(key: EventKey, report: EventState, eventType: Event['eventType']): Promise<SavedEvent> {
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${writeLock})`;
      const known = await transaction.event.findUnique({ where: { cameraId_trackId_startedAt: key } });
      const state = mergeEvent(known ? stateOf(known) : undefined, report);
      if (known && !state)
        return { id: Number(known.id), seq: Number(known.seq), evidenceFile: known.evidenceFile, evidenceFileBefore: known.evidenceFile };
      const written = known
        ? await change(transaction, known, state ?? report)
        : await open(transaction, { ...key, eventType }, state ?? report);
      return { ...written, evidenceFile: (state ?? report).evidenceFile, evidenceFileBefore: known?.evidenceFile ?? null };
    });
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

async function open(
  transaction: Prisma.TransactionClient,
  key: EventKey & Pick<Event, 'eventType'>,
  state: EventState,
): Promise<{ id: number; seq: number }> {
  if ((await transaction.camera.count({ where: { id: key.cameraId, deletedAt: null } })) === 0)
    throw new AppError('not_found', 'Camera not found');
  const payload = state.payload as Prisma.InputJsonValue;
  const { id, seq } = await transaction.event.create({
    data: { ...key, ...state, payload, source: 'tier0' },
    select: { id: true, seq: true },
  });
  return { id: Number(id), seq: Number(seq) };
}

/** The start is part of the key: it tells the partition. */
async function change(
  transaction: Prisma.TransactionClient,
  { id, startedAt }: Pick<EventRow, 'id' | 'startedAt'>,
  state: EventState,
): Promise<{ id: number; seq: number }> {
  const [row] = await transaction.$queryRaw<{ seq: bigint }[]>`
    UPDATE nvr.event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), label = ${state.label}, score = ${state.score}::real, ended_at = ${state.endedAt}::timestamptz,
      evidence_file = ${state.evidenceFile}, payload = ${JSON.stringify(state.payload)}::jsonb
    WHERE id = ${id} AND started_at = ${startedAt}::timestamptz RETURNING seq`;
  return { id: Number(id), seq: Number(row?.seq) };
}
