import { z } from 'zod';

/** Left, top, width, height in pixels of the picture that was sent. */
export const BoxLtwh = z.tuple([z.number(), z.number(), z.number(), z.number()]);
export type BoxLtwh = z.infer<typeof BoxLtwh>;

/** One box with its label and score on one frame. */
export const Detection = z.object({
  bbox: BoxLtwh,
  label: z.string(),
  confidence: z.number().min(0).max(1),
});
export type Detection = z.infer<typeof Detection>;

/** Size of a picture in pixels. */
export const PictureSize = z.object({ w: z.number().int().positive(), h: z.number().int().positive() });
export type PictureSize = z.infer<typeof PictureSize>;

/** Which weights gave an answer; part of every inference reply. */
export const ModelIdentity = z.object({ name: z.string(), version: z.string(), fingerprint: z.string() });
export type ModelIdentity = z.infer<typeof ModelIdentity>;
