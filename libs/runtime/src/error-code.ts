/** Whether an error of the operating system or of Postgres has one of these codes. Judged by its shape: it may come from another realm. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}
