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
