import { z } from 'zod';

/** Degrees by which a stream's pictures are turned before anybody looks at them, clockwise. */
export const Rotation = z.literal([0, 90, 180, 270], 'must be 0, 90, 180 or 270');
export type Rotation = z.infer<typeof Rotation>;

/** Larger than any picture's side. */
const pixelsMax = 16_384;
const side = z.number().min(0).max(pixelsMax).default(0);

/** A part of a picture: pixels (`abs`) or percent of its sides, from the upper left corner. Without width or height: all of it. */
export const PictureRegion = z
  .object({ x: side, y: side, width: side, height: side, mode: z.enum(['abs', 'percent']).default('abs') })
  .refine(({ x, y, width, height, mode }) => mode === 'abs' || (x + width <= 100 && y + height <= 100), 'goes beyond 100 percent');
export type PictureRegion = z.infer<typeof PictureRegion>;
