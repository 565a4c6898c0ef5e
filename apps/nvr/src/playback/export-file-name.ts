import { z } from 'zod';

/** File systems take 255, and a browser adds a number to a name that is taken. */
const nameBytesMax = 200;

/**
 * Name under which a browser saves an export. Letters of any script, digits, dots, dashes and spaces: it stands in a header and on the
 * disks of other systems. `.mp4` is added where it is missing.
 */
export const ExportFileName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .normalize('NFC')
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]*$/u, 'must be made of letters, digits, spaces, dots, dashes and underscores')
  .refine((name) => Buffer.byteLength(name) <= nameBytesMax, `must have at most ${nameBytesMax} bytes`)
  .transform((name) => (/\.mp4$/i.test(name) ? name : `${name}.mp4`));

/**
 * A `Content-Disposition` (RFC 6266). A name that is not ASCII comes twice: as it is, and for old clients with an underscore for each
 * other character.
 */
export function contentDisposition(kind: 'inline' | 'attachment', fileName: string): string {
  const ascii = fileName.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\]/g, '_');
  const plain = `${kind}; filename="${ascii}"`;
  if (ascii === fileName) return plain;
  const encoded = encodeURIComponent(fileName).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${plain}; filename*=UTF-8''${encoded}`;
}
