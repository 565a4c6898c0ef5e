import type { PersonId } from '@nightjar/contracts';
import type { SeenFace } from './seen-face.js';

/** What a person's faces say of it: the same wherever the person is told. */
export type PersonFeatures = Pick<PersonId, 'age' | 'gender' | 'face_embedding' | 'face_thumbnail'>;

/** Of somebody whose face was not seen. */
export const unknownFeatures: PersonFeatures = { age: null, gender: 'unidentified', face_embedding: [], face_thumbnail: null };

/** More faces of a person make its mean no better, and the worst of them make it worse. */
const bestFacesMax = 5;
/** A vote is won with this share of the quality of all that voted. */
const voteShareMin = 0.6;

/**
 * Sums up a person's faces, of which the best five count: age is their mean (one digit), gender a vote weighted by quality,
 * the embedding the mean direction (length 1, five digits), the thumbnail that of the best face.
 */
export function featuresOf(faces: readonly SeenFace[]): PersonFeatures {
  const best = bestFaces(faces);
  if (best.length === 0) return unknownFeatures;
  const ages = best.flatMap(({ age }) => (age === undefined ? [] : [age]));
  const thumbnail = best.find((face) => face.thumbnail !== null)?.thumbnail;
  return {
    age: ages.length === 0 ? null : Math.round((10 * ages.reduce((sum, age) => sum + age, 0)) / ages.length) / 10,
    gender: voteGender(best),
    face_embedding: Array.from(meanDescriptor(best), (value) => Math.round(value * 1e5) / 1e5),
    face_thumbnail: thumbnail?.toString('base64') ?? null,
  };
}

/** A person as the job API tells of it. @param prominence clamped to 0..1, four digits. The gateway marks who is allowlisted. */
export function personId(features: PersonFeatures, prominence: number): PersonId {
  return {
    ...features,
    allowlisted: false,
    relative_prominence: Math.round(Math.min(1, Math.max(0, prominence)) * 1e4) / 1e4,
  };
}

/** The best five, best first. */
export function bestFaces(faces: readonly SeenFace[]): SeenFace[] {
  return [...faces].sort((a, b) => b.quality - a.quality).slice(0, bestFacesMax);
}

/** Mean direction of the descriptors, of length 1; empty when no face has one. Those of another length than the first are left out. */
export function meanDescriptor(faces: readonly SeenFace[]): Float32Array {
  const descriptors = faces.map(({ descriptor }) => descriptor).filter(({ length }) => length > 0);
  const mean = new Float32Array(descriptors[0]?.length ?? 0);
  for (const descriptor of descriptors)
    if (descriptor.length === mean.length) for (let at = 0; at < mean.length; at++) mean[at]! += descriptor[at]!;
  const length = Math.hypot(...mean);
  return length === 0 ? new Float32Array() : mean.map((value) => value / length);
}

function voteGender(faces: readonly SeenFace[]): PersonId['gender'] {
  const votes = { male: 0, female: 0 };
  for (const { gender, quality } of faces) if (gender) votes[gender] += quality;
  const winner = votes.male >= votes.female ? 'male' : 'female';
  return votes[winner] > 0 && votes[winner] >= voteShareMin * (votes.male + votes.female) ? winner : 'unidentified';
}
