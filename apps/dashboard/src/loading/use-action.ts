import { useCallback, useState } from 'react';
import { ApiError } from '../api/answer.js';

/** Something that a person started: whether it still runs, and why it failed. */
interface Action {
  isBusy: boolean;
  problem: string | undefined;
  /** What the API calls the problem, where it has a name. */
  reason: string | undefined;
  /** What is wrong with which field, where the API says so. */
  fields: ReadonlyMap<string, string>;
  /** Runs it; a failure becomes `problem`. @returns whether it went well */
  run: (work: () => Promise<void>) => Promise<boolean>;
  /** What was wrong is being mended. */
  forget: () => void;
}

const noFields: ReadonlyMap<string, string> = new Map();

export function useAction(): Action {
  const [isBusy, setIsBusy] = useState(false);
  const [failure, setFailure] = useState<Pick<Action, 'reason' | 'fields'> & { problem: string }>();
  const run = useCallback(async (work: () => Promise<void>) => {
    setIsBusy(true);
    setFailure(undefined);
    try {
      await work();
      return true;
    } catch (error) {
      const { fields = noFields, reason } = error instanceof ApiError ? error : {};
      setFailure({ problem: (error as Error).message, reason, fields });
      return false;
    } finally {
      setIsBusy(false);
    }
  }, []);
  const forget = useCallback(() => setFailure(undefined), []);
  return { isBusy, problem: failure?.problem, reason: failure?.reason, fields: failure?.fields ?? noFields, run, forget };
}
