import { z } from 'zod';

/**
 * Name under which a browser saves an export. Letters, digits, dots, dashes and spaces: it stands in a header and on the disks of
 * other systems. `.mp4` is added where it is missing.
 */
export const ExportFileName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]*$/, 'must be made of letters, digits, spaces, dots, dashes and underscores')
  .transform((name) => (/\.mp4$/i.test(name) ? name : `${name}.mp4`));
