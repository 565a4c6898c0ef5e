import { storableText } from './storable-text.js';

/** Of the column. No plate is longer. */
export const plateCharactersMax = 32;

/** A number plate as it is kept and compared: in capitals and without spaces. Null for a text without any other character. */
export function plateTextOf(text: string): string | null {
  const plate = text.replaceAll(/[\s\p{Cc}]/gu, '').toUpperCase();
  return plate === '' ? null : storableText(plate, plateCharactersMax);
}
