import { z } from 'zod';
import { fact, rpc } from './bus-message.js';

/** Faces that one registry holds; one more is refused as `conflict`. */
export const registeredFacesMax = 10_000;

const metadataBytesMax = 8 * 1024;
const metadataLevelsMax = 16;

/** One line that can be shown: no control characters, no halves of surrogate pairs, nothing that turns the direction of text. */
const printable = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+$/u;

const printableText = (lengthMax: number) =>
  z
    .string()
    .min(1)
    .max(lengthMax)
    .regex(printable, 'must be printable')
    .refine((text) => text.trim() === text, 'must not begin or end with a space');

export const FacePersonId = printableText(128);
export const FaceName = printableText(256);
/** Free text; usual are employee, visitor, watchlist, vip, family and unknown. */
export const FaceCategory = printableText(64);

/** What a caller wants kept beside a face: a JSON object of at most 8 KiB, nested at most 16 levels deep. */
export const FaceMetadata = z
  .record(z.string(), z.unknown())
  // Depth first: whatever is deeper would overflow the stack of those who write it as JSON.
  .refine((metadata) => isNestedAtMost(metadata, metadataLevelsMax), {
    error: `is nested deeper than ${metadataLevelsMax} levels`,
    abort: true,
  })
  .refine((metadata) => jsonBytesOf(metadata) <= metadataBytesMax, `is larger than ${metadataBytesMax} bytes of JSON`);

/** A registered face without what the registry adds. Its embedding travels behind the JSON, see `packEmbedding`. */
export const FaceDetails = z.object({
  person_id: FacePersonId,
  name: FaceName,
  category: FaceCategory.default('unknown'),
  metadata: FaceMetadata.optional(),
  /** Embeddings of different weights lie in different spaces: only faces of the same fingerprint are ever compared. */
  model_name: printableText(128),
  model_fingerprint: printableText(128),
  embedding_size: z.number().int().min(64).max(4096),
});
export type FaceDetails = z.infer<typeof FaceDetails>;

/** `revision` is taken anew with every change of any face, in commit order. */
export const RegisteredFace = FaceDetails.extend({
  category: FaceCategory,
  revision: z.number().int().positive(),
  created_at_unix_ms: z.number().int(),
  updated_at_unix_ms: z.number().int(),
});
export type RegisteredFace = z.infer<typeof RegisteredFace>;

/**
 * Registers a person's face, or replaces the one that was registered under this id; safe to repeat. The request's body is the
 * packed embedding. Answers after the row is committed; `conflict` when the registry is full.
 */
export const saveFace = rpc({
  subject: 'nightjar.faces.save',
  request: FaceDetails,
  reply: RegisteredFace.pick({ revision: true, created_at_unix_ms: true, updated_at_unix_ms: true }).extend({ created: z.boolean() }),
});

/** Deletes a face and its embedding; safe to repeat. No face of this person is left with a revision up to the reply's. */
export const removeFace = rpc({
  subject: 'nightjar.faces.remove',
  request: z.object({ person_id: FacePersonId }),
  reply: z.object({ removed: z.boolean(), revision: z.number().int().min(0) }),
});

/**
 * What changed after a revision, in the order of revisions, one page at a time: the next question is after the reply's `revision`
 * and repeats its `began_at_revision`. The body holds the packed embeddings of `faces` one after the other. `from_start`: this is
 * the first page of all faces, whatever was asked for, and the reader forgets what it had (it knew nothing, the removals it would
 * need are forgotten, or the database is another one).
 */
export const listFaces = rpc({
  subject: 'nightjar.faces.list',
  request: z.object({
    after_revision: z.number().int().min(0),
    /** Of the registry when the reader began from the start: removals before that are of no use to it. */
    began_at_revision: z.number().int().min(0),
    limit: z.number().int().min(1).max(1_000),
  }),
  reply: z.object({
    from_start: z.boolean(),
    began_at_revision: z.number().int().min(0),
    faces: z.array(RegisteredFace),
    removed: z.array(z.object({ person_id: FacePersonId, revision: z.number().int().positive() })),
    revision: z.number().int().min(0),
    more: z.boolean(),
  }),
});

/** A nudge: changes up to `revision` are committed. */
export const facesChanged = fact({
  subject: () => 'nightjar.faces.changed',
  pattern: 'nightjar.faces.changed',
  payload: z.object({ revision: z.number().int().positive() }),
});

const bytesPerValue = Float32Array.BYTES_PER_ELEMENT;

/** An embedding as bytes: float32, little-endian. */
export function packEmbedding(embedding: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(embedding.length * bytesPerValue));
  for (let index = 0; index < embedding.length; index++) view.setFloat32(index * bytesPerValue, embedding[index] ?? 0, true);
  return new Uint8Array(view.buffer);
}

/** @returns undefined when these are not as many finite numbers */
export function unpackEmbedding(bytes: Uint8Array, embeddingSize: number): Float32Array | undefined {
  if (bytes.length !== embeddingSize * bytesPerValue) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const embedding = new Float32Array(embeddingSize);
  for (let index = 0; index < embeddingSize; index++) {
    const value = view.getFloat32(index * bytesPerValue, true);
    if (!Number.isFinite(value)) return undefined;
    embedding[index] = value;
  }
  return embedding;
}

function isNestedAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isNestedAtMost(inner, levels - 1));
}

function jsonBytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
