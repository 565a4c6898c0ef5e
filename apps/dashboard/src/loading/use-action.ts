import { useCallback, useState } from 'react';
import { ApiError } from '../api.js';

/** Something that a person started: whether it still runs, and why it failed. */
export interface Action {
  isBusy: boolean;
  problem: string | undefined;
  /** What the API calls the problem, where it has a name. */
  reason: string | undefined;
  /** Runs it; a failure becomes `problem`. @returns whether it went well */
  run: (work: () => Promise<void>) => Promise<boolean>;
}

export function useAction(): Action {
  const [isBusy, setIsBusy] = useState(false);
  const [failure, setFailure] = useState<{ problem: string; reason: string | undefined }>();
  const run = useCallback(async (work: () => Promise<void>) => {
    setIsBusy(true);
    setFailure(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      setFailure({ problem: (error as Error).message, reason: error instanceof ApiError ? error.reason : undefined });
      return false;
    } finally {
      setIsBusy(false);
    }
  }, []);
  return { isBusy, problem: failure?.problem, reason: failure?.reason, run };
}
