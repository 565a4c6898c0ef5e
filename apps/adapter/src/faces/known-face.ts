import type { FaceDetails, RegisteredFace } from '@nightjar/contracts';

/** A registered face as it is kept in memory, ready to be compared. */
export interface KnownFace {
  readonly face: RegisteredFace;
  /** The embedding, of length 1: the cosine of two is their dot product. */
  readonly unitVector: Float32Array;
}

/** A face that is to be registered. */
export interface NewFace {
  readonly details: FaceDetails;
  readonly unitVector: Float32Array;
}

/** An embedding scaled to length 1. @returns undefined when it has no direction: nothing but zeros, or not all finite */
export function unitVectorOf(embedding: ArrayLike<number>): Float32Array | undefined {
  let sumOfSquares = 0;
  for (let index = 0; index < embedding.length; index++) sumOfSquares += embedding[index]! * embedding[index]!;
  const length = Math.sqrt(sumOfSquares);
  if (!(length > 0 && Number.isFinite(length))) return undefined;
  const unitVector = new Float32Array(embedding.length);
  for (let index = 0; index < embedding.length; index++) unitVector[index] = embedding[index]! / length;
  return unitVector;
}
