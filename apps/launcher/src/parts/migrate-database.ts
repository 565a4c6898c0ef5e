import { migrate } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';

/**
 * Applies the migrations that are missing and resolves to their names.
 * @throws AppError; `unavailable`, in words for the person who set the address, when the database cannot be worked with
 */
export async function migrateDatabase(url: string): Promise<string[]> {
  try {
    return await migrate({ url });
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('unavailable', `the database at ${placeOf(url)} cannot be used (${reasonOf(cause)}): check DATABASE_URL`, { cause });
  }
}

/** Host, port and database of a URL, without who logs in. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}

/** A host with several addresses fails with an error that has a list and no text. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
