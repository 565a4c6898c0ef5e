import type { EventView } from '@nightjar/contracts';
import { z } from 'zod';
import { plateTextOf } from './plate-text.js';
import { UtcTime } from './utc-time.js';

/** Year 2286; beyond it a caller has probably sent milliseconds. */
const unixSecondsMax = 9_999_999_999;

/** A place in the list of events, which is sorted by start and id, newest first: neither ever changes, so the place stays. */
export interface EventsCursor {
  startedAtUnixMs: number;
  id: number;
}

/** Which events are asked for; undefined: all. */
export interface EventsFilter {
  label: string | undefined;
  source: EventView['source'] | undefined;
  eventType: EventView['event_type'] | undefined;
  /** Part of a number plate, in capitals and without spaces. */
  plate: string | undefined;
  /** Events that were going on in `[from, to)`; one without an end counts where it started. */
  from: Date | undefined;
  to: Date | undefined;
  minScore: number | undefined;
  hasEvidence: boolean | undefined;
  /** By the caller. */
  reviewed: boolean | undefined;
}

/** One value or several: `?camera_id=1&camera_id=cam2`. */
export const CameraFilter = z
  .union([z.string(), z.array(z.string()).max(1_000)])
  .default([])
  .transform((given) => [given].flat());

const limitMax = 500;
const Limit = z.coerce.number().int().min(1).max(limitMax);
/** OpenNVR's clients ask for more than there is on a page, and are given a page. */
const ClampedLimit = z.coerce
  .number()
  .int()
  .transform((limit) => Math.min(Math.max(limit, 1), limitMax));
const Yes = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
const UnixSeconds = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,9})?$/)
  .transform(Number)
  .pipe(z.number().max(unixSecondsMax))
  .transform((seconds) => new Date(Math.round(seconds * 1_000)));
const Moment = z.union([UnixSeconds, UtcTime], { error: 'must be Unix seconds or a time as in RFC 3339' });
const Cursor = z.string().transform((text, context) => {
  const cursor = readCursor(text);
  if (cursor) return cursor;
  context.addIssue({ code: 'custom', message: 'is none of ours' });
  return z.NEVER;
});

export const LatestQuery = z.object({ limit: Limit.default(50), camera_id: CameraFilter });

export const EventsQuery = z
  .object({
    camera_id: CameraFilter,
    label: z
      .string()
      .min(1)
      .max(60)
      .regex(/^[^\0]*$/, 'must not have NUL')
      .optional(),
    source: z.enum(['tier0', 'camera', 'app', 'adapter']).optional(),
    event_type: z.enum(['track', 'alarm', 'alert']).optional(),
    plate: z
      .string()
      .max(64)
      .transform((text) => plateTextOf(text) ?? undefined)
      .optional(),
    from: Moment.optional(),
    to: Moment.optional(),
    min_score: z.coerce.number().min(0).max(1).optional(),
    has_evidence: Yes.optional(),
    reviewed: Yes.optional(),
    limit: ClampedLimit.default(100),
    cursor: Cursor.optional(),
  })
  .refine(({ from, to }) => !from || !to || from < to, { path: ['to'], message: 'must be after from' })
  .transform(({ camera_id, cursor, event_type, has_evidence, limit, min_score, ...same }) => ({
    cameras: camera_id,
    limit,
    cursor,
    filter: { ...same, eventType: event_type, hasEvidence: has_evidence, minScore: min_score } as EventsFilter,
  }));
export type EventsQuery = z.infer<typeof EventsQuery>;

/** An event's id in a path; undefined for a text that is none. */
export function parseEventId(text: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** Opaque to clients: what it is made of may change. */
export function writeCursor({ id, startedAtUnixMs }: EventsCursor): string {
  return Buffer.from(JSON.stringify([startedAtUnixMs, id])).toString('base64url');
}

const CursorContent = z.tuple([z.number().int().min(-8.64e15).max(8.64e15), z.number().int().min(1)]);

function readCursor(text: string): EventsCursor | undefined {
  try {
    const [startedAtUnixMs, id] = CursorContent.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { startedAtUnixMs, id };
  } catch {
    return undefined;
  }
}
