/**
 * Runs the steps at the same time. When one fails, the others are told through their signal, waited for, and the first
 * failure is thrown: nothing goes on behind the caller's back.
 */
export async function startTogether(signal: AbortSignal, steps: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void> {
  signal.throwIfAborted();
  const failed = new AbortController();
  const shared = AbortSignal.any([signal, failed.signal]);
  let firstFailure: { readonly error: unknown } | undefined;
  await Promise.all(
    steps.map(async (step) => {
      try {
        await step(shared);
      } catch (error) {
        firstFailure ??= { error };
        failed.abort(error);
      }
    }),
  );
  if (firstFailure) throw firstFailure.error;
  signal.throwIfAborted();
}
