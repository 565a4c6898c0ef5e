import { FaceCategory, FaceMetadata, FaceName, FacePersonId } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { z } from 'zod';
import { describeIssues } from '../../tasks/task-runner.js';

export const FaceRegistration = z.object({
  person_id: FacePersonId,
  name: FaceName,
  category: FaceCategory.optional().describe('E.g. employee, visitor, watchlist, vip, family; default: unknown'),
  metadata: FaceMetadata.optional().describe('Kept beside the face as it is'),
});
export type FaceRegistration = z.infer<typeof FaceRegistration>;

const requiredFields = ['person_id', 'name', 'frame'];

/**
 * Reads who is to be registered; the picture stays in `frame`.
 * @throws AppError `invalid_argument`
 */
export function parseFaceRegistration(body: unknown): { details: FaceRegistration; data: Readonly<Record<string, unknown>> } {
  const fields = z.record(z.string(), z.unknown()).safeParse(body).data ?? {};
  const missing = requiredFields.find((field) => (fields[field] ?? '') === '');
  if (missing !== undefined) throw new AppError('invalid_argument', `Missing required field: ${missing}`);
  // Null says the same as nothing: that is how clients of other languages write it.
  const details = FaceRegistration.safeParse({
    ...fields,
    category: fields.category ?? undefined,
    metadata: fields.metadata ?? undefined,
  });
  if (!details.success) throw new AppError('invalid_argument', `Invalid input: ${describeIssues(details.error)}`);
  return { details: details.data, data: fields };
}

const Category = FaceCategory.optional();

/** @throws AppError `invalid_argument` */
export function parseCategory(query: unknown): string | undefined {
  const category = Category.safeParse(query === '' ? undefined : query);
  if (!category.success) throw new AppError('invalid_argument', `Invalid category: ${describeIssues(category.error)}`);
  return category.data;
}
