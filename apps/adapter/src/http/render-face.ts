import type { RegisteredFace } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';

/** A registered face in a list. Its embedding is never shown. */
export function summariseFace({ person_id, name, category }: RegisteredFace): { person_id: string; name: string; category: string } {
  return { person_id, name, category };
}

/** A registered face by itself. */
export function renderFace(face: RegisteredFace): object {
  const { metadata, model_name, model_fingerprint, created_at_unix_ms, updated_at_unix_ms } = face;
  return {
    ...summariseFace(face),
    ...(metadata && { metadata }),
    model_name,
    model_fingerprint,
    created_at: new Date(created_at_unix_ms).toISOString(),
    updated_at: new Date(updated_at_unix_ms).toISOString(),
  };
}

export function unknownPerson(personId: string): AppError {
  return new AppError('not_found', `Person ${personId.slice(0, 128)} not found`);
}
