import { z } from 'zod';

/*
 * Fields that the replies of several tasks are made of.
 */

/** Four whole numbers in pixels of the upright picture; `bbox_format` says which. */
export const PixelBox = z.tuple([z.int(), z.int(), z.int(), z.int()]);

export const Confidence = z.number().min(0).max(1);
