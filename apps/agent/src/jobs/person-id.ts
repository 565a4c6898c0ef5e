import type { PersonId } from '@nightjar/contracts';

/**
 * A person of whom only its place is known: no stage estimates age, gender or face yet, so these keep their neutral values.
 * @param prominence share of the picture, and of the scene's time where there is one; clamped to 0..1, four digits
 */
export function unidentifiedPerson(prominence: number): PersonId {
  return {
    age: null,
    gender: 'unidentified',
    face_embedding: [],
    face_thumbnail: null,
    allowlisted: false,
    relative_prominence: Math.round(Math.min(1, Math.max(0, prominence)) * 1e4) / 1e4,
  };
}
