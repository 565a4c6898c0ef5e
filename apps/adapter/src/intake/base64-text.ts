import { AppError } from '@nightjar/runtime/app-error';
import type { BodyMemory } from './body-memory.js';

/** What is decoded at a time; other callers are served in between. */
const sliceBytes = 128 * 1024;
/** Longest escape sequence of JSON. */
const escapeBytes = 6;
const backslash = 0x5c;
const padding = 0x3d;
const minus = 0x2d;
const underscore = 0x5f;

/** What may stand behind the last group of four digits. */
const base64End = /^(?:[A-Za-z0-9+/]{2,3})?={0,2}$/;

/** @throws AppError `invalid_argument` when the text is no base64 */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  // Node skips what is no base64. Encoding again and comparing is native code: a pattern takes as long as the rest of the request.
  const whole = Math.floor(bytes.length / 3) * 4;
  if (!base64End.test(text.slice(whole)) || bytes.toString('base64', 0, (whole / 4) * 3) !== text.slice(0, whole)) throw notBase64();
  return bytes;
}

/**
 * Decodes digits in memory to memory that is there: no text as long as they are is made twice, to read and to compare.
 * @returns how many bytes were written
 * @throws AppError `invalid_argument` when they are no base64
 */
function decodeInto(target: Buffer, at: number, digits: Buffer): number {
  let count = digits.length;
  while (count > digits.length - 2 && digits[count - 1] === padding) count--;
  const written = target.write(digits.toString('latin1'), at, 'base64');
  // Node skips what is no base64, which leaves too few bytes, and takes the two digits of base64url for those of base64.
  const isWhole = count % 4 !== 1 && written === Math.floor((count * 3) / 4);
  if (!isWhole || digits.includes(minus) || digits.includes(underscore)) throw notBase64();
  return written;
}

/** A long text that was left as it stood in its JSON body: a string of 31 MB would cost others a tenth of a second to make and to read. */
export class Base64Text {
  /**
   * @param json what stands between the quotes, escapes included
   * @param memory takes charge of what is decoded
   */
  constructor(
    private readonly json: Buffer,
    private readonly memory?: BodyMemory,
  ) {}

  /** The bytes that the text means. @throws AppError `invalid_argument` when it is no base64 */
  async decode(): Promise<Buffer> {
    const decoded = Buffer.allocUnsafeSlow(Math.ceil((this.json.length * 3) / 4));
    this.memory?.own(decoded);
    let filled = 0;
    let digits = '';
    for (let start = 0; start < this.json.length;) {
      const end = this.endOfSlice(start);
      const isLast = end === this.json.length;
      const slice = this.json.subarray(start, end);
      start = end;
      if (digits === '' && (isLast || slice.length % 4 === 0) && !slice.includes(backslash)) {
        const written = decodeInto(decoded, filled, slice);
        // Padding ends a text, so that a slice with some of it is short.
        if (!isLast && written !== (slice.length / 4) * 3) throw notBase64();
        filled += written;
      } else {
        // Joined texts are copied when they are read: most slices are whole groups of four.
        digits += unescape(slice.toString('latin1'));
        const whole = isLast ? digits.length : digits.length - (digits.length % 4);
        const bytes = decodeBase64(digits.slice(0, whole));
        if (!isLast && bytes.length !== (whole / 4) * 3) throw notBase64();
        decoded.set(bytes, filled);
        filled += bytes.length;
        digits = digits.slice(whole);
      }
      if (!isLast) await new Promise((resolve) => setImmediate(resolve));
    }
    return decoded.subarray(0, filled);
  }

  /** The text, for whoever takes it for something else than a picture. */
  toString(): string {
    return unescape(this.json.toString('utf8'));
  }

  /** As it came. */
  toJSON(): string {
    return this.toString();
  }

  /** No escape sequence is cut. */
  private endOfSlice(start: number): number {
    const end = start + sliceBytes;
    if (end >= this.json.length) return this.json.length;
    const cut = this.json.subarray(end - escapeBytes + 1, end).indexOf(backslash);
    return cut === -1 ? end : end - escapeBytes + 1 + cut;
  }
}

/** The long text of a picture's reference, where it has one. */
export function longTextIn(reference: unknown): Base64Text | undefined {
  if (typeof reference !== 'object' || reference === null) return undefined;
  const { base64 } = reference as { base64?: unknown };
  return base64 instanceof Base64Text ? base64 : undefined;
}

/**
 * What tasks get of a request's data: without the long texts of its pictures, which are bytes by now; other long texts are what
 * they would have been.
 */
export function withoutLongTexts(
  data: Readonly<Record<string, unknown>>,
  pictureFields: readonly string[],
): Readonly<Record<string, unknown>> {
  const long = Object.entries(data).filter(([, value]) => longTextIn(value));
  if (long.length === 0) return data;
  const shortened = long.map(([name, value]) => {
    const { base64, ...others } = value as { base64: Base64Text };
    return [name, pictureFields.includes(name) ? others : { ...others, base64: base64.toString() }];
  });
  return { ...data, ...(Object.fromEntries(shortened) as Record<string, unknown>) };
}

function notBase64(): AppError {
  return new AppError('invalid_argument', 'Invalid image: not base64');
}

/** Some clients escape `/`, others `+` and `=`. @throws AppError `invalid_argument` */
function unescape(json: string): string {
  if (!json.includes('\\')) return json;
  try {
    return JSON.parse(`"${json}"`) as string;
  } catch (cause) {
    throw new AppError('invalid_argument', 'the body has a text that is not as JSON has it', { cause });
  }
}
