import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import { describeIssues } from '../../tasks/task-runner.js';
import type { Files } from '../bodies/multipart-form.js';
import { isJsonObject, type InferBody } from '../infer-body.js';

const Session = z.string().min(1).max(128);
/** Whose pictures follow each other: a camera, or any session that the caller names. */
export const SessionFields = z.object({ camera_id: z.union([Session, z.number().int()]).optional(), session: Session.optional() });

/** A request for one task, however it was sent: pictures may be inside `data` still, or were files of a multipart body. */
interface InferRequest {
  readonly task: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly files: Files;
}

const missing = (what: string) => new AppError('invalid_argument', `Missing ${what}`);

/**
 * Reads a JSON body: `{task, input}` or `{task, data}`; `input` wins where both are there.
 * @throws AppError `invalid_argument`
 */
export function parseJsonRequest(body: unknown): InferRequest {
  if (!isJsonObject(body)) throw missing(`'task' or 'input'`);
  const { task, input, data } = body;
  const given = input ?? data;
  if (typeof task !== 'string' || task === '' || given === undefined || given === null) throw missing(`'task' or 'input'`);
  if (!isJsonObject(given)) throw new AppError('invalid_argument', 'Invalid input: it must be an object');
  return { task, data: given, files: new Map() };
}

/**
 * Reads a multipart body: files with pictures (a single one may have any name) and text fields, of which `task` is needed.
 * @throws AppError `invalid_argument`
 */
function parseMultipartRequest({ fields, files }: InferBody & { type: 'multipart' }): InferRequest {
  const task = fields.get('task');
  if (typeof task !== 'string') throw missing(`'task'`);
  if (files.size === 0) throw missing('the picture');
  return { task, data: Object.fromEntries(fields), files };
}

/** Reads a body of the legacy surface. @throws AppError `invalid_argument` */
export function parseLegacyRequest(body: InferBody): InferRequest {
  return body.type === 'json' ? parseJsonRequest(body.body) : parseMultipartRequest(body);
}

/** Camera or session that the caller names. @throws AppError `invalid_argument` */
export function sessionOf(data: Readonly<Record<string, unknown>>): string | undefined {
  const read = SessionFields.safeParse(data);
  if (!read.success) throw new AppError('invalid_argument', `Invalid input: ${describeIssues(read.error)}`);
  const { session, camera_id: cameraId } = read.data;
  if (session !== undefined) return `session:${session}`;
  return cameraId === undefined ? undefined : `camera:${cameraId}`;
}
