import { useEffect } from 'react';

/** Does something again and again while the page is seen. `work` has to stay the same function. */
export function useRepeated(work: () => void, everyMs: number): void {
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && work(), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, work]);
}
