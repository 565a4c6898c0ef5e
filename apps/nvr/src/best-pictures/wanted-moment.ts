import { z } from 'zod';

/** What an agent tells of the picture of an event. */
const ShownPicture = z.object({
  frame_ts_ms: z.number().int().positive(),
  frame: z.object({ w: z.number().int().positive(), h: z.number().int().positive() }),
  picture: z.object({ stream: z.enum(['main', 'sub']), rotation: z.number().optional() }),
});

/** The moment at which the main stream is looked at for a better picture of an event, and what it has to be better than. */
export interface WantedMoment {
  atUnixMs: number;
  pixels: number;
}

/**
 * Whether an event has a picture of the substream of which the main stream may have a better one. A turned picture has not: recordings
 * are as the camera sent them.
 */
export function wantedMoment(payload: unknown): WantedMoment | undefined {
  const { data } = ShownPicture.safeParse(payload);
  if (!data || data.picture.stream !== 'sub' || data.picture.rotation) return undefined;
  return { atUnixMs: data.frame_ts_ms, pixels: data.frame.w * data.frame.h };
}
