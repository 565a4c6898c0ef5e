import type { AnswerHead } from '@nightjar/outbound';
import { AppError } from '@nightjar/runtime';

/** What is on disk already, and what it is the beginning of. */
export interface HeldBeginning {
  bytes: number;
  /** Strong validator of the server; without one a download begins anew. */
  etag: string | null;
}

/** What a server's answer is to somebody who wants the rest of a video. */
export type DownloadAnswer =
  | { kind: 'redirect'; location: string }
  /** What is held is the beginning of something else: asked once more, for all of it. */
  | { kind: 'begin_anew' }
  | { kind: 'body'; startsAtBytes: number; totalBytes: number | undefined; etag: string | null };

const redirectStatuses = [301, 302, 303, 307, 308];
/** The same request may be answered another time (RFC 9110 §15, RFC 6585, RFC 8470). */
const temporaryStatuses = [408, 425, 429];

/** Headers that ask for what is not held yet. */
export function downloadHeaders({ bytes, etag }: HeldBeginning): Record<string, string> {
  const all = { accept: '*/*', 'user-agent': 'Nightjar' };
  return bytes > 0 && etag !== null ? { ...all, range: `bytes=${bytes}-`, 'if-range': etag } : all;
}

/**
 * Reads the head of an answer.
 * @throws AppError `unprocessable` for a status that will not change, `payload_too_large`, `unavailable` for one that may
 */
export function readDownloadAnswer(head: AnswerHead, wanted: { held: HeldBeginning; bytesMax: number }): DownloadAnswer {
  const { status } = head;
  const { held, bytesMax } = wanted;
  if (redirectStatuses.includes(status)) return { kind: 'redirect', location: requireLocation(head) };
  if (status === 416 && held.bytes > 0) return { kind: 'begin_anew' };
  if (status === 206) return held.bytes > 0 ? readPart(head, { held, bytesMax }) : unexpected(status);
  if (status !== 200) return unexpected(status);
  const totalBytes = readNumber(textOf(head, 'content-length'));
  refuseTooLarge(totalBytes, bytesMax);
  return { kind: 'body', startsAtBytes: 0, totalBytes, etag: strongEtag(head) };
}

function readPart(head: AnswerHead, { held, bytesMax }: { held: HeldBeginning; bytesMax: number }): DownloadAnswer {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(textOf(head, 'content-range') ?? '') ?? [];
  const etag = strongEtag(head);
  const continues = Number(first) === held.bytes && (etag === null || etag === held.etag);
  if (!continues) return { kind: 'begin_anew' };
  const totalBytes = readNumber(total);
  refuseTooLarge(totalBytes ?? Number(last) + 1, bytesMax);
  return { kind: 'body', startsAtBytes: held.bytes, totalBytes, etag: held.etag };
}

function unexpected(status: number): never {
  const code = status >= 500 || temporaryStatuses.includes(status) ? 'unavailable' : 'unprocessable';
  throw new AppError(code, `the server of the video answers with status ${status}`);
}

function refuseTooLarge(bytes: number | undefined, bytesMax: number): void {
  if ((bytes ?? 0) > bytesMax) throw new AppError('payload_too_large', `the video has more than ${bytesMax} bytes`);
}

function requireLocation(head: AnswerHead): string {
  const location = textOf(head, 'location');
  if (location === undefined) throw new AppError('unprocessable', 'the server of the video redirects to nowhere');
  return location;
}

/** A weak one (`W/"…"`) does not promise the same bytes. */
function strongEtag(head: AnswerHead): string | null {
  const etag = textOf(head, 'etag') ?? '';
  return /^"[\x21\x23-\x7e]{0,200}"$/.test(etag) ? etag : null;
}

function textOf({ headers }: AnswerHead, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
