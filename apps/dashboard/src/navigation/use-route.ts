import { useMemo, useSyncExternalStore } from 'react';
import { parseRoute, type Route } from './route.js';

/** The page that the address names; follows links and the browser's back button. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(listen, () => location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

/** Goes to an address of `linkTo`. `replace` leaves no step for the back button. */
export function goTo(link: string, { replace = false } = {}): void {
  if (!replace) location.hash = link;
  else {
    history.replaceState(null, '', link);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  }
}

function listen(onChange: () => void): () => void {
  window.addEventListener('hashchange', onChange);
  return () => window.removeEventListener('hashchange', onChange);
}
