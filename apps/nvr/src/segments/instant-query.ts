import { z } from 'zod';
import { UnixNumber, UnixSeconds } from './range-query.js';

/** Years that a `timestamptz` of ours holds with room to spare. */
const isoInstant = z.iso
  .datetime({ offset: true, error: 'must be an instant like 2026-06-01T12:00:00Z, or Unix seconds' })
  .regex(/^(19[7-9]|2[01])/, 'must be between 1970 and 2199')
  .transform((text) => Date.parse(text));

/** An instant as text of a query: ISO 8601 with its offset, or Unix seconds. Becomes Unix ms. */
export const Instant = z.union([UnixSeconds.transform((seconds) => seconds * 1_000), isoInstant], {
  error: 'must be an instant like 2026-06-01T12:00:00Z, or Unix seconds',
});

/** The same in a body, where Unix seconds may be a number. */
export const InstantInBody = z.union([UnixNumber.transform((seconds) => seconds * 1_000), Instant], {
  error: 'must be an instant like 2026-06-01T12:00:00Z, or Unix seconds',
});

/** `start` and `end` that go forward and are at most so far apart. */
export function withForwardInstants<Schema extends z.ZodType<{ start: number; end: number }>>(schema: Schema, longestMs: number): Schema {
  return schema
    .refine(({ end, start }) => end > start, { path: ['end'], message: 'must be after start' })
    .refine(({ end, start }) => end - start <= longestMs, {
      path: ['end'],
      message: `must be at most ${longestMs / 60_000} minutes after start`,
    });
}
