import { AppError } from '@nightjar/runtime/app-error';

/*
 * JSON.parse makes doubles of all numbers, which hold integers to 2^53 only. Tensors of 64-bit integers need all digits.
 */

/** Begins a string that stands for an integer of many digits. No escape is needed for it, which the parser is slow at. */
const mark = '#';
const digitsOfDouble = 16;
const quote = 0x22;
const minus = 0x2d;

/** Reading them takes ten times as long as others. */
const longIntegersMax = 100_000;

/**
 * Parses JSON so that integers of 16 digits and more come as strings, which `bigIntegerOf` reads.
 * @throws SyntaxError; AppError `invalid_argument` when they are too many
 */
export function parseKeepingDigits(text: string): unknown {
  let changed = '';
  let copied = 0;
  let found = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === quote) {
      index = endOfString(text, index);
    } else if (isDigit(code)) {
      let end = index + 1;
      while (isDigit(text.charCodeAt(end))) end++;
      if (continuesNumber(text.charCodeAt(end))) {
        // A fraction or an exponent: its digits are no integer of their own.
        while (isDigit(text.charCodeAt(end)) || continuesNumber(text.charCodeAt(end))) end++;
      } else if (end - index >= digitsOfDouble) {
        if (++found > longIntegersMax)
          throw new AppError(
            'invalid_argument',
            `more than ${longIntegersMax} integers of ${digitsOfDouble} digits: send them as binary data`,
          );
        const start = text.charCodeAt(index - 1) === minus ? index - 1 : index;
        changed += `${text.slice(copied, start)}"${mark}${text.slice(start, end)}"`;
        copied = end;
      }
      index = end - 1;
    }
  }
  return JSON.parse(changed + text.slice(copied));
}

/** The integer that a value of `parseKeepingDigits` stands for; undefined when it is none. */
export function bigIntegerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !value.startsWith(mark)) return undefined;
  const digits = value.slice(mark.length);
  // A caller may write the mark too. More digits than 64 bits have are never right.
  return /^-?\d{1,20}$/.test(digits) ? BigInt(digits) : undefined;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** `.`, `e`, `E`, `+` or `-` after digits. */
function continuesNumber(code: number): boolean {
  return code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === minus;
}

function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}
