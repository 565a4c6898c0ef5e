import type { JobError } from '@nightjar/contracts';
import { Prisma } from '@nightjar/database';

const errorCodeLengthMax = 64;
const errorMessageLengthMax = 1_000;

/** Text without what Postgres refuses: NUL goes, half a surrogate pair becomes U+FFFD. */
export function storedText(text: string): string {
  return Buffer.from(text.replaceAll('\0', ''), 'utf8').toString('utf8');
}

/** JSON text that Postgres takes, whatever a worker put into it (a line read by OCR, the message of an error). */
export function storedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? storedText(part) : part));
}

/** An error that fits its columns. */
export function storedError({ code, message }: JobError): JobError {
  return { code: storedText(code).slice(0, errorCodeLengthMax), message: storedText(message).slice(0, errorMessageLengthMax) };
}

/**
 * SQL: now, as columns of times keep it. They round to the millisecond, up to half of one into the future: against `now()` itself, what was
 * made due just before might not be due yet, and would wait for the next look.
 */
export const nowAsStored = Prisma.sql`now()::timestamptz(3)`;
