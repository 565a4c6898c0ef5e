import { AppError } from './app-error.js';

/** How much structure a JSON text may have. Its bytes are bounded elsewhere, but a megabyte can hold a million objects. */
export interface JsonShapeLimits {
  /** Arrays and objects inside each other. */
  readonly levels: number;
  /** Arrays and objects in all. */
  readonly containers: number;
  /** Texts in all, names of fields included. */
  readonly texts: number;
  /** Commas: one less than the values of each array and object. */
  readonly commas: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
/** Longer texts are skipped by a native search, which pays only for more than a few bytes. */
const shortTextBytes = 24;
/** A text of so many bytes is worth being treated apart. */
const longTextBytes = 16 * 1024;

/** Where a long text stands in the bytes: from its opening quote to its closing one. */
export interface LongText {
  readonly openingQuote: number;
  readonly closingQuote: number;
}

/**
 * Counts what is in a JSON text before anything is made of it: parsing 32 MiB of `[],[],[],…` takes seconds and a gigabyte.
 * A text that is no JSON passes; the parser says so.
 * @returns the texts of at least 16 KiB
 * @throws AppError `invalid_argument` that says which limit was passed, as soon as it is
 */
export function checkJsonShape(bytes: Buffer, limits: JsonShapeLimits): LongText[] {
  const longTexts: LongText[] = [];
  let levels = 0;
  let containers = 0;
  let texts = 0;
  let commas = 0;
  for (let index = 0; index < bytes.length; index++) {
    switch (bytes[index]) {
      case quote:
        if (++texts > limits.texts) throw tooMuch(`has more than ${limits.texts} texts`);
        {
          const closingQuote = endOfText(bytes, index);
          if (closingQuote - index > longTextBytes && closingQuote < bytes.length) longTexts.push({ openingQuote: index, closingQuote });
          index = closingQuote;
        }
        break;
      case comma:
        if (++commas > limits.commas) throw tooMuch(`has more than ${limits.commas} values`);
        break;
      case openBracket:
      case openBrace:
        if (++levels > limits.levels) throw tooMuch(`is nested deeper than ${limits.levels} levels`);
        if (++containers > limits.containers) throw tooMuch(`has more than ${limits.containers} arrays and objects`);
        break;
      case closeBracket:
      case closeBrace:
        levels--;
        break;
    }
  }
  return longTexts;
}

/** Where the closing quote stands; the end of the bytes when there is none. */
function endOfText(bytes: Buffer, start: number): number {
  for (let index = start + 1; ;) {
    const shortEnd = Math.min(index + shortTextBytes, bytes.length);
    for (; index < shortEnd; index++) {
      if (bytes[index] === backslash) index++;
      else if (bytes[index] === quote) return index;
    }
    const end = bytes.indexOf(quote, index);
    if (end === -1) return bytes.length;
    if (!isEscaped(bytes, { from: index, end })) return end;
    index = end + 1;
  }
}

/** Whether an odd number of backslashes stands before the quote; those before `from` belong to what was read already. */
function isEscaped(bytes: Buffer, { from, end }: { from: number; end: number }): boolean {
  let backslashes = 0;
  while (end - backslashes > from && bytes[end - backslashes - 1] === backslash) backslashes++;
  return backslashes % 2 === 1;
}

function tooMuch(what: string): AppError {
  return new AppError('invalid_argument', `the JSON body ${what}`);
}
