import { randomUUID } from 'node:crypto';
import { AppError, checkJsonShape, type LongText } from '@nightjar/runtime';
import { Base64Text } from '../../intake/base64-text.js';
import type { BodyMemory } from '../../intake/body-memory.js';
import { plainJsonShape } from '../body-limits.js';

/**
 * What a body may have beside the long texts that are pictures: it is parsed at one go. Not in a thread: to take over what a thread
 * has made of many small objects costs more than to parse them.
 */
const restMaxBytes = 1024 * 1024;
/** Names of fields whose text is base64, on any surface: `base64`, `frame_b64`. */
const base64Name = /^base64$|_b64$/;
const nameMaxBytes = 64;

const quote = 0x22;
const colon = 0x3a;
const backslash = 0x5c;
const blanks = [0x20, 0x09, 0x0a, 0x0d];

/** Stands for a text that was cut out. No caller knows it, so that no text of theirs can be taken for one. */
const cutMark = `cut ${randomUUID()} `;

/** Parses a small JSON text. @throws when it is none, or reaches for a prototype */
type ParseJson = (text: string) => unknown;

/** A JSON body whose long texts in base64 were cut out. */
interface CutJson {
  /** What is left to parse: a mebibyte at most. */
  readonly rest: Buffer;
  /** As they stand between their quotes. */
  readonly texts: readonly Buffer[];
}

/**
 * Counts what is in a JSON body and cuts long texts in base64 out of it: what is left is what costs time to parse.
 * @throws AppError `invalid_argument` for too much structure, `payload_too_large`
 */
export function cutJson(bytes: Buffer): CutJson {
  const cuts = checkJsonShape(bytes, plainJsonShape).filter((text) => base64Name.test(nameOf(bytes, text.openingQuote)));
  const rest = withoutCuts(bytes, cuts);
  if (rest.length > restMaxBytes)
    throw new AppError('payload_too_large', `the JSON body has more than ${restMaxBytes} bytes beside pictures`);
  return { rest, texts: cuts.map(({ openingQuote, closingQuote }) => bytes.subarray(openingQuote + 1, closingQuote)) };
}

/**
 * Reads a JSON body. The texts that were cut out are not made strings: they become Base64Text where a picture is expected, and what
 * they were elsewhere.
 * @param memory takes charge of what they are decoded to
 * @throws what `parse` throws
 */
export function readJson({ rest, texts }: CutJson, parse: ParseJson, memory?: BodyMemory): unknown {
  const body = parse(rest.toString('utf8'));
  if (texts.length === 0) return body;
  return putBack(
    body,
    texts.map((text) => new Base64Text(text, memory)),
  );
}

/** The name of the field whose text begins here; empty when it is none, or is written with escapes. */
function nameOf(bytes: Buffer, openingQuote: number): string {
  const skipBlanks = (index: number) => {
    while (blanks.includes(bytes[index]!)) index--;
    return index;
  };
  const colonAt = skipBlanks(openingQuote - 1);
  if (bytes[colonAt] !== colon) return '';
  const end = skipBlanks(colonAt - 1);
  if (end < 1 || bytes[end] !== quote) return '';
  const from = Math.max(0, end - nameMaxBytes - 1);
  const start = from + bytes.subarray(from, end).lastIndexOf(quote);
  if (start < from || bytes[start - 1] === backslash) return '';
  return bytes.toString('latin1', start + 1, end);
}

function withoutCuts(bytes: Buffer, cuts: readonly LongText[]): Buffer {
  if (cuts.length === 0) return bytes;
  const pieces: Buffer[] = [];
  let start = 0;
  for (const [index, { openingQuote, closingQuote }] of cuts.entries()) {
    pieces.push(bytes.subarray(start, openingQuote + 1), Buffer.from(cutMark + String(index)));
    start = closingQuote;
  }
  return Buffer.concat([...pieces, bytes.subarray(start)]);
}

/**
 * Puts texts back where they were cut out: as Base64Text where surfaces look for pictures (`*_b64` of the body, `base64` of its
 * fields and of those of `data` and `input`), as strings elsewhere.
 */
function putBack(body: unknown, texts: readonly Base64Text[]): unknown {
  const cutOf = (value: unknown) =>
    typeof value === 'string' && value.startsWith(cutMark) ? texts[Number(value.slice(cutMark.length))] : undefined;
  const waiting: { value: object; level: number }[] = isObject(body) ? [{ value: body, level: 0 }] : [];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, level } = next;
    const isPicture = level <= 2 && !Array.isArray(value);
    for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
      const text = cutOf(inner);
      if (text) (value as Record<string, unknown>)[name] = isPicture ? text : text.toString();
      else if (isObject(inner)) waiting.push({ value: inner, level: Array.isArray(value) ? Infinity : level + 1 });
    }
  }
  return body;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
