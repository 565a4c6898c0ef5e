import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
// Adds `parts()` and `isMultipart()` to the request's type.
import type {} from '@fastify/multipart';

const Session = z.string().min(1).max(128);

/** `input` (or `data`) of a request about one picture. */
export const PictureInput = z.object({
  frame: z
    .object({ uri: z.string().optional(), base64: z.string().optional() })
    .refine(({ uri, base64 }) => (uri === undefined) !== (base64 === undefined), 'either "uri" or "base64" is needed'),
  camera_id: z.union([Session, z.number().int()]).optional(),
  session: Session.optional(),
});
type PictureInput = z.infer<typeof PictureInput>;

/** A request for one task on one picture, however it was sent. */
export interface InferRequest {
  readonly task: string;
  readonly picture: { readonly uri: string } | { readonly bytes: Uint8Array };
  /** Camera or session that the caller names. */
  readonly session: string | undefined;
}

const missing = (what: string) => new AppError('invalid_argument', `Missing ${what}`);

/**
 * Reads a JSON body: `{task, input}` or `{task, data}`; `input` wins where both are there.
 * @throws AppError `invalid_argument`
 */
export function parseJsonRequest(body: unknown): InferRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw missing(`'task' or 'input'`);
  const { task, input, data } = body as Record<string, unknown>;
  const given = input ?? data;
  if (typeof task !== 'string' || task === '' || given === undefined || given === null) throw missing(`'task' or 'input'`);
  const read = PictureInput.safeParse(given);
  if (!read.success) throw new AppError('invalid_argument', `Invalid input: ${describeIssues(read.error)}`);
  const { frame } = read.data;
  const picture = frame.uri === undefined ? { bytes: Buffer.from(frame.base64 ?? '', 'base64') } : { uri: frame.uri };
  return { task, picture, session: sessionOf(read.data) };
}

const multipartLimits = { files: 1, fields: 16, parts: 20, fieldSize: 64 * 1024, headerPairs: 100 };

/**
 * Reads a multipart body: one file with the picture and the text field `task`; `camera_id` and `session` are optional.
 * @throws AppError `invalid_argument` or `payload_too_large`
 */
export async function readMultipartRequest(request: FastifyRequest, maxPictureBytes: number): Promise<InferRequest> {
  const fields = new Map<string, string>();
  let bytes: Uint8Array | undefined;
  try {
    for await (const part of request.parts({ limits: { ...multipartLimits, fileSize: maxPictureBytes } })) {
      if (part.type === 'file') bytes = await part.toBuffer();
      else fields.set(part.fieldname, String(part.value));
    }
  } catch (cause) {
    throw multipartFailure(cause);
  }
  const task = fields.get('task');
  if (!task) throw missing(`'task'`);
  if (!bytes) throw missing('the picture');
  const read = PictureInput.omit({ frame: true }).safeParse({
    camera_id: fields.get('camera_id') || undefined,
    session: fields.get('session') || undefined,
  });
  if (!read.success) throw new AppError('invalid_argument', `Invalid input: ${describeIssues(read.error)}`);
  return { task, picture: { bytes }, session: sessionOf(read.data) };
}

function sessionOf({ session, camera_id: cameraId }: Pick<PictureInput, 'session' | 'camera_id'>): string | undefined {
  if (session !== undefined) return `session:${session}`;
  return cameraId === undefined ? undefined : `camera:${cameraId}`;
}

/** The plugin gives a status to limits that were passed; a body that breaks off comes as a plain error of the parser. */
function multipartFailure(cause: unknown): unknown {
  const hasStatus = typeof (cause as { statusCode?: unknown }).statusCode === 'number';
  return hasStatus ? cause : new AppError('invalid_argument', 'the multipart body is damaged', { cause });
}

function describeIssues(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ');
}
