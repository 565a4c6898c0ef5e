import type { Prisma } from '@nightjar/database';
import { addRuleMessages } from '../rules/rule-messages.js';
import { eventOfRow, type EventRow } from './event-row.js';
import { eventView } from './event-view.js';
import type { Event } from './events.store.js';
import { mergeEvent, type EventState } from './merge-event.js';
import { eventKeyText } from './report-groups.js';

/** Names one event; the same report twice is the same event. Without a track every report is another one. */
export interface EventKey {
  cameraId: number;
  trackId: string | null;
  startedAt: Date;
  /**
   * Set where nobody knows the start and each process takes its own clock for it: an event of this track that began at most so
   * long before or after is the same one.
   */
  startGuessedWithinMs?: number;
}

/** What of an event is said when it is opened, and stays. */
export type EventKind = Pick<Event, 'source' | 'eventType'>;

/** What is to be written of one event. */
export interface EventReportRow {
  key: EventKey;
  state: EventState;
  kind: EventKind;
}

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
 * nothing below. The price is one transaction at a time, of as many events as wait. Any number that no one else locks.
 */
const writeLock = 72_707_404n;

export async function lockEventWrites(transaction: Prisma.TransactionClient): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${writeLock})`;
}

/**
 * Opens or changes events, each at most once, and writes what rules have to tell of them. However many there are, it takes the
 * same few statements.
 * @returns what became of each report, undefined where its camera is unknown; and how many messages there are now to send
 */
export async function writeReports(
  transaction: Prisma.TransactionClient,
  reports: readonly EventReportRow[],
): Promise<{ saved: (SavedEvent | undefined)[]; messages: number }> {
  await lockEventWrites(transaction);
  const known = await readKnown(transaction, reports);
  const planned = reports.map((report) => planWrite(report, known.get(eventKeyText(report.key))));
  const written = new Map([
    ...(await open(
      transaction,
      planned.filter(({ before }) => !before),
    )),
    ...(await change(transaction, planned.filter(({ before, state }) => before && state))), // prettier-ignore
  ]);
  const saved = planned.map((plan) => savedOf(plan, written.get(rowKeyText(plan))));
  const views = planned.flatMap((plan) => written.get(rowKeyText(plan)) ?? []).map(eventView);
  return { saved, messages: await addRuleMessages(transaction, views) };
}

interface PlannedWrite {
  report: EventReportRow;
  /** Undefined: it is opened now. */
  before: Event | undefined;
  /** As it is to be; undefined: it stays as it is. */
  state: EventState | undefined;
}

function planWrite(report: EventReportRow, before: Event | undefined): PlannedWrite {
  if (!before) return { report, before, state: report.state };
  const { endedAt, evidenceFile, label, payload, plateText, score } = before;
  // Who guesses the start guesses the end too: what the first one said stays.
  const isGuess = report.key.startGuessedWithinMs !== undefined;
  const told = isGuess ? { ...report.state, endedAt: endedAt ?? report.state.endedAt } : report.state;
  return { report, before, state: mergeEvent({ label, score, endedAt, evidenceFile, plateText, payload }, told) };
}

/** As the row that is written has it: a guessed start may find another one. */
function rowKeyText({ before, report }: PlannedWrite): string {
  const { cameraId, startedAt, trackId } = before ?? report.key;
  return eventKeyText({ cameraId, startedAt, trackId });
}

function savedOf({ before, state }: PlannedWrite, written: Event | undefined): SavedEvent | undefined {
  const event = written ?? before;
  if (!event) return undefined;
  const { evidenceFile, id, seq } = event;
  const hasEnded = written !== undefined && state?.endedAt != null && !before?.endedAt;
  return { id, seq, event, evidenceFile, evidenceFileBefore: before?.evidenceFile ?? null, isNew: !before, hasEnded };
}

async function readKnown(transaction: Prisma.TransactionClient, reports: readonly EventReportRow[]): Promise<Map<string, Event>> {
  const guessed = await readGuessed(transaction, reports);
  const keys = reports.flatMap(({ key: { cameraId, startedAt, startGuessedWithinMs, trackId } }) =>
    trackId === null || startGuessedWithinMs !== undefined ? [] : [{ camera_id: cameraId, track_id: trackId, started_at: startedAt }],
  );
  if (keys.length === 0) return guessed;
  const exact = byKey(
    await transaction.$queryRaw<EventRow[]>`
      SELECT event.* FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS wanted(camera_id int, track_id text, started_at timestamptz)
      JOIN nvr.event AS event USING (camera_id, track_id, started_at)`,
  );
  return new Map([...exact, ...guessed]);
}

/** By the keys of their reports: the start of an event may be another one. */
async function readGuessed(transaction: Prisma.TransactionClient, reports: readonly EventReportRow[]): Promise<Map<string, Event>> {
  const keys = reports.flatMap(({ key: { cameraId, startedAt, startGuessedWithinMs, trackId } }, place) => {
    if (trackId === null || startGuessedWithinMs === undefined) return [];
    const [earliest, latest] = [-1, 1].map((sign) => new Date(startedAt.getTime() + sign * startGuessedWithinMs));
    return [{ place, camera_id: cameraId, track_id: trackId, earliest, latest }];
  });
  if (keys.length === 0) return new Map();
  const rows = await transaction.$queryRaw<(EventRow & { place: number })[]>`
    SELECT DISTINCT ON (place) wanted.place, event.*
    FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS wanted(place int, camera_id int, track_id text, earliest timestamptz, latest timestamptz)
    JOIN nvr.event AS event USING (camera_id, track_id) WHERE event.started_at BETWEEN wanted.earliest AND wanted.latest
    ORDER BY place, event.started_at DESC`;
  return new Map(rows.map((row) => [eventKeyText(reports[row.place]!.key), eventOfRow(row)]));
}

async function open(transaction: Prisma.TransactionClient, plans: readonly PlannedWrite[]): Promise<Map<string, Event>> {
  if (plans.length === 0) return new Map();
  const wanted = plans.map(({ report: { key, kind, state } }, place) => ({
    ...{
      place,
      camera_id: key.cameraId,
      track_id: key.trackId,
      started_at: key.startedAt,
      source: kind.source,
      event_type: kind.eventType,
    },
    ...columnsOf(state),
  }));
  return byKey(
    await transaction.$queryRaw<EventRow[]>`
      INSERT INTO nvr.event (camera_id, track_id, started_at, source, event_type, label, score, ended_at, evidence_file, plate_text, payload)
      SELECT camera.id, track_id, started_at, source::nvr.event_source, event_type::nvr.event_type, label, score, ended_at, evidence_file,
        plate_text, payload
      FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS wanted(place int, camera_id int, track_id text, started_at timestamptz,
        source text, event_type text, label text, score real, ended_at timestamptz, evidence_file text, plate_text text, payload jsonb)
      JOIN nvr.camera AS camera ON camera.id = wanted.camera_id AND camera.deleted_at IS NULL
      ORDER BY place RETURNING *`,
  );
}

/** The start is part of the key: it tells the partition. */
async function change(transaction: Prisma.TransactionClient, plans: readonly PlannedWrite[]): Promise<Map<string, Event>> {
  if (plans.length === 0) return new Map();
  const wanted = plans.map(({ before, state }) => ({ id: before?.id, started_at: before?.startedAt, ...(state && columnsOf(state)) }));
  return byKey(
    await transaction.$queryRaw<EventRow[]>`
      UPDATE nvr.event AS event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), label = wanted.label, score = wanted.score,
        ended_at = wanted.ended_at, evidence_file = wanted.evidence_file, plate_text = wanted.plate_text, payload = wanted.payload
      FROM jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS wanted(id bigint, started_at timestamptz, label text, score real,
        ended_at timestamptz, evidence_file text, plate_text text, payload jsonb)
      WHERE event.id = wanted.id AND event.started_at = wanted.started_at RETURNING event.*`,
  );
}

function columnsOf({ endedAt, evidenceFile, label, payload, plateText, score }: EventState) {
  return { label, score, ended_at: endedAt, evidence_file: evidenceFile, plate_text: plateText, payload };
}

function byKey(rows: readonly EventRow[]): Map<string, Event> {
  return new Map(rows.map(eventOfRow).map((event) => [eventKeyText(event), event]));
}
