import { z } from 'zod';

/** Degrees by which a stream's pictures are turned before anybody looks at them, clockwise. */
export const Rotation = z.literal([0, 90, 180, 270], 'must be 0, 90, 180 or 270');
export type Rotation = z.infer<typeof Rotation>;

/** Larger than any picture's side. */
const pixelsMax = 16_384;
const side = z.number().min(0).max(pixelsMax).default(0);

/** In a published JSON schema: a rule about a sum, for which the standard has no keyword; who knows it asks `isWithinPicture`. */
export const withinPictureKeyword = 'x-within-picture';
export const beyondPicture = 'goes beyond 100 percent';

/**
 * Whether a region in percent ends within the picture; one in pixels may go beyond. What is absent is 0, and what is no number is
 * somebody else's to refuse.
 */
export function isWithinPicture({ x, y, width, height, mode }: Readonly<Record<string, unknown>>): boolean {
  const number = (value: unknown) => (typeof value === 'number' ? value : 0);
  return mode !== 'percent' || (number(x) + number(width) <= 100 && number(y) + number(height) <= 100);
}

/** A part of a picture: pixels (`abs`) or percent of its sides, from the upper left corner. Without width or height: all of it. */
export const PictureRegion = z
  .object({ x: side, y: side, width: side, height: side, mode: z.enum(['abs', 'percent']).default('abs') })
  .refine(isWithinPicture, beyondPicture)
  .meta({ [withinPictureKeyword]: true });
export type PictureRegion = z.infer<typeof PictureRegion>;
