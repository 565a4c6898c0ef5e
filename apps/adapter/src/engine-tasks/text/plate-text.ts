/** What a line of text says if it is a number plate. */
interface PlateText {
  /** Capital letters and digits, without spaces and separators. */
  readonly text: string;
  /** Whether it looks like a plate without a doubt: letters and digits, of a usual length. */
  readonly isUsual: boolean;
}

const shortest = 4;
const longest = 10;
const usualLengths = { from: 5, to: 8 };
/** Phone numbers, web addresses and prices stand on vans, too. */
const neverOnPlates = /[@€$£%,;:?!()[\]{}=]|www|https?|\.\w{2,4}$/i;

/**
 * Whether a line that was read inside a vehicle may be its number plate, and how it is written. There is no form that holds for all
 * countries: letters and digits, of which at least one and mostly both, 4 to 10 of them.
 * @returns undefined for a line that is no plate
 */
export function plateTextOf(line: string): PlateText | undefined {
  if (line.length > 24 || neverOnPlates.test(line)) return undefined;
  const text = line.toUpperCase().replace(/[\s.\-·•_'"|*]/gu, '');
  if (!/^[\p{Lu}\p{Lo}\p{Nd}]+$/u.test(text) || text.length < shortest || text.length > longest) return undefined;
  const digits = text.replace(/\P{Nd}/gu, '').length;
  if (digits === 0) return undefined;
  const letters = text.length - digits;
  const isUsual = letters > 0 && digits >= 2 && text.length >= usualLengths.from && text.length <= usualLengths.to;
  return { text, isUsual };
}
