import { z } from 'zod';

/** A name that somebody signs in with. It stands in the log as it is, so it has no signs that would need care there. */
export const Username = z.string().regex(/^[A-Za-z0-9._@-]{1,50}$/, 'must be letters, digits and . _ @ -');
