import type { RegisteredFace } from '@nightjar/contracts';
import type { FaceInput } from './face-registry.js';
import { unitVectorOf, type KnownFace } from './known-face.js';

const embeddingSize = 64;

/** Points into the direction of one axis, and by `tilt` into that of the next. */
export function axis(index: number, tilt = 0, size = embeddingSize): Float32Array {
  const embedding = new Float32Array(size);
  embedding[index % size] = 1;
  embedding[(index + 1) % size] = tilt;
  return embedding;
}

export function faceInput(personId: string, changes: Partial<FaceInput> = {}): FaceInput {
  return {
    person_id: personId,
    name: `Name of ${personId}`,
    model_name: 'faceres',
    model_fingerprint: 'f1',
    embedding: axis(0),
    ...changes,
  };
}

export function knownFace(personId: string, changes: Partial<RegisteredFace> & { embedding?: Float32Array } = {}): KnownFace {
  const { embedding = axis(0), ...fields } = changes;
  const face = {
    person_id: personId,
    name: `Name of ${personId}`,
    category: 'unknown',
    model_name: 'faceres',
    model_fingerprint: 'f1',
    embedding_size: embedding.length,
    revision: 1,
    created_at_unix_ms: 1,
    updated_at_unix_ms: 1,
    ...fields,
  };
  return { face, unitVector: unitVectorOf(embedding) ?? embedding };
}
