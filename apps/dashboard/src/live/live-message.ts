import { z } from 'zod';

/** What the server says between the pieces of a live video. */
export const LiveMessage = z.discriminatedUnion('event', [
  /** The camera gives no video at the moment. */
  z.object({ event: z.literal('waiting') }),
  /** A new stream begins: its init segment is next, then fragments. */
  z.object({ event: z.literal('begin'), mime: z.string().nullable() }),
  /** We were too slow, and some of it is missing here. */
  z.object({ event: z.literal('skipped'), duration_ms: z.number() }),
]);
export type LiveMessage = z.infer<typeof LiveMessage>;
