import { z } from 'zod';
import { instantOfLocal } from './zoned-days.js';
import { UnixNumber, UnixSeconds } from './range-query.js';

const error = 'must be an instant like 2026-06-01T12:00:00Z (without a zone: UTC), or Unix seconds';
const hasZone = /(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * An instant as text of a query: ISO 8601, or Unix seconds. Becomes Unix ms. Programs write times without a zone that they mean in UTC,
 * as Python's `isoformat()` does; where the caller names a zone for the request, they are of that one.
 */
export function instantIn(timeZone: string) {
  // Years that a `timestamptz` of ours holds with room to spare.
  const isoInstant = z.iso
    .datetime({ offset: true, local: true, error })
    .regex(/^(19[7-9]|2[01])/, 'must be between 1970 and 2199')
    .transform((text) => (hasZone.test(text) ? Date.parse(text) : instantOfLocal(Date.parse(`${text}Z`), timeZone)));
  return z.union([UnixSeconds.transform((seconds) => seconds * 1_000), isoInstant], { error });
}

export const Instant = instantIn('UTC');

/** The same in a body, where Unix seconds may be a number. */
export const InstantInBody = z.union([UnixNumber.transform((seconds) => seconds * 1_000), Instant], { error });

/** `start` and `end` that go forward and are at most so far apart. */
export function withForwardInstants<Schema extends z.ZodType<{ start: number; end: number }>>(schema: Schema, longestMs: number): Schema {
  return schema
    .refine(({ end, start }) => end > start, { path: ['end'], message: 'must be after start' })
    .refine(({ end, start }) => end - start <= longestMs, {
      path: ['end'],
      message: `must be at most ${longestMs / 60_000} minutes after start`,
    });
}
