import { useCallback, useEffect, useState } from 'react';

/** What was asked for: there, on its way, or why it is not. A value stays while it is asked for again. */
export interface Loaded<Value> {
  value: Value | undefined;
  problem: string | undefined;
  reload: () => void;
}

/** Asks when the page appears and whenever `load` is another function: keep it with `useCallback`. Undefined: nothing to ask for. */
export function useLoaded<Value>(load: ((signal: AbortSignal) => Promise<Value>) | undefined): Loaded<Value> {
  const [state, setState] = useState<{ of: unknown; value?: Value; problem?: string }>({ of: undefined });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!load) return;
    const stop = new AbortController();
    load(stop.signal).then(
      (value) => !stop.signal.aborted && setState({ of: load, value }),
      (error: unknown) =>
        !stop.signal.aborted && setState((known) => ({ ...(known.of === load && known), of: load, problem: (error as Error).message })),
    );
    return () => stop.abort();
  }, [load, round]);
  const reload = useCallback(() => setRound((rounds) => rounds + 1), []);
  const isOfNow = state.of === load && load !== undefined;
  return { value: isOfNow ? state.value : undefined, problem: isOfNow ? state.problem : undefined, reload };
}
