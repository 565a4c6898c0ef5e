import type { SecretBox } from '@nightjar/auth';
import { packEmbedding, unpackEmbedding } from '@nightjar/contracts';

/** The vector of a listed face as it is stored: sealed, and bound to the person's row. */
export function sealEmbedding(box: SecretBox, personId: string, embedding: Float32Array): Uint8Array<ArrayBuffer> {
  return box.seal(Buffer.from(packEmbedding(embedding)).toString('base64'), purposeOf(personId));
}

/** @throws AppError `internal` when it was sealed with another key or for another person */
export function openEmbedding(box: SecretBox, personId: string, sealed: Uint8Array): Float32Array {
  const packed = Buffer.from(box.open(sealed, purposeOf(personId)), 'base64');
  return unpackEmbedding(packed, packed.length / Float32Array.BYTES_PER_ELEMENT) ?? new Float32Array();
}

function purposeOf(personId: string): string {
  return `allowlist.${personId}.embedding`;
}
