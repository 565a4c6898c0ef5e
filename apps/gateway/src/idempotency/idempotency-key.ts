import { AppError } from '@nightjar/runtime';

/**
 * Reads `Idempotency-Key`: 1 to 255 printable ASCII characters, the client's own.
 * @returns undefined when the header is absent
 * @throws AppError `invalid_argument` for anything else
 */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(header))
    throw new AppError('invalid_argument', 'Idempotency-Key must be 1 to 255 printable ASCII characters');
  return header;
}
