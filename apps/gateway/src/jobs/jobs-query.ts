import { JobState, MediaType } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { z } from 'zod';

const pageDefault = 50;
const pageMax = 200;

/** A place in the list of jobs, which is sorted by time of submission and id, newest first: what is new never moves it. */
export interface JobsCursor {
  createdAtUnixMs: number;
  id: string;
}

/** Which of a tenant's jobs are asked for. */
export interface JobsQuery {
  limit: number;
  /** Jobs behind this one; undefined: from the newest. */
  cursor: JobsCursor | undefined;
  /** Undefined: all. */
  states: readonly JobState[] | undefined;
  mediaType: MediaType | undefined;
  createdAfter: Date | undefined;
  createdBefore: Date | undefined;
}

const Moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const Cursor = z.string().transform((text, context) => {
  const cursor = readCursor(text);
  if (cursor) return cursor;
  context.addIssue({ code: 'custom', message: 'is none of ours' });
  return z.NEVER;
});

const Query = z.object({
  limit: z.coerce.number().int().min(1).max(pageMax).default(pageDefault),
  cursor: Cursor.optional(),
  status: z.preprocess((value) => (value === undefined ? undefined : [value].flat()), z.array(JobState).optional()),
  media_type: MediaType.optional(),
  created_after: Moment.optional(),
  created_before: Moment.optional(),
});

/** Reads the query of a list. @throws AppError `invalid_argument` with the parameters that are wrong */
export function parseJobsQuery(query: unknown): JobsQuery {
  const read = Query.safeParse(query);
  if (!read.success) {
    const issues = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
    throw new AppError('invalid_argument', 'the query is not as the API describes it', { details: { issues } });
  }
  const { limit, cursor, status: states, media_type: mediaType, created_after: createdAfter, created_before: createdBefore } = read.data;
  return { limit, cursor, states, mediaType, createdAfter, createdBefore };
}

/** Opaque to clients: what it is made of may change. */
export function writeCursor({ createdAtUnixMs, id }: JobsCursor): string {
  return Buffer.from(JSON.stringify([createdAtUnixMs, id])).toString('base64url');
}

const CursorContent = z.tuple([z.number().int().min(0).max(8.64e15), z.string().max(64)]);

function readCursor(text: string): JobsCursor | undefined {
  try {
    const [createdAtUnixMs, id] = CursorContent.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return id.includes('\0') ? undefined : { createdAtUnixMs, id };
  } catch {
    return undefined;
  }
}
