import { z } from 'zod';

/** Longest range that is listed or protected at once. */
const rangeMaxSeconds = 31 * 24 * 3_600;
/** Year 2286; beyond it a caller has probably sent milliseconds. */
const unixSecondsMax = 9_999_999_999;

/** Unix seconds as a number, fractions allowed. */
export const UnixNumber = z.number().min(0).max(unixSecondsMax);

/** Unix seconds as text of a query, fractions allowed. */
export const UnixSeconds = z
  .string()
  .trim()
  .regex(/^\d+(\.\d+)?$/, 'must be Unix seconds')
  .transform(Number)
  .pipe(UnixNumber);

/** The fields of a range in a body. */
export const RangeShape = { start_unix: UnixNumber, end_unix: UnixNumber };

/** A range that goes forward and is at most so long; its default is 31 days. */
export function withOrder<Schema extends z.ZodType<{ start_unix: number; end_unix: number }>>(
  schema: Schema,
  longest: { seconds: number; inWords: string } = { seconds: rangeMaxSeconds, inWords: '31 days' },
): Schema {
  return schema
    .refine(({ start_unix, end_unix }) => end_unix > start_unix, { path: ['end_unix'], message: 'must be after start_unix' })
    .refine(({ start_unix, end_unix }) => end_unix - start_unix <= longest.seconds, {
      path: ['end_unix'],
      message: `must be at most ${longest.inWords} after start_unix`,
    });
}
