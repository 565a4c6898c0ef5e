import type { EventView, ListedEventView } from '@nightjar/contracts';
import { useCallback, useEffect, useRef, useState } from 'react';
import { listEvents, reviewEvents } from '../api/events.js';
import type { Api } from '../api.js';
import { useLiveStream } from '../live/use-live-stream.js';
import { fitsFilter, type EventsFilter } from './events-filter.js';

const pageSize = 50;
/** The most that one request marks. */
const reviewMax = 500;
const newMax = 100;

/** Events page by page, as far as somebody has read on. */
interface EventPages {
  events: readonly ListedEventView[] | undefined;
  problem: string | undefined;
  isLoading: boolean;
  hasMore: boolean;
  /** Events that came since and are not in the list. */
  newCount: number;
  loadMore: () => void;
  reload: () => void;
  review: (ids: readonly number[], reviewed: boolean) => void;
}

/** @param filter another object begins anew: keep it with `useMemo` */
export function useEventPages(api: Api, filter: EventsFilter): EventPages {
  const [events, setEvents] = useState<readonly ListedEventView[]>();
  const [cursor, setCursor] = useState<string | null>(null);
  const [problem, setProblem] = useState<string>();
  const [isLoading, setIsLoading] = useState(false);
  const [round, setRound] = useState(0);
  const [newIds, setNewIds] = useState<readonly number[]>([]);
  const reading = useRef(new AbortController());

  const read = useCallback(
    (after: string | undefined) => {
      reading.current.abort();
      const stop = new AbortController();
      reading.current = stop;
      setIsLoading(true);
      setProblem(undefined);
      listEvents(api, { filter, cursor: after, limit: pageSize }, stop.signal)
        .then((page) => {
          if (stop.signal.aborted) return;
          setEvents((known) => (after === undefined ? page.events : [...(known ?? []), ...page.events]));
          setCursor(page.next_cursor);
        })
        .catch((error: unknown) => !stop.signal.aborted && setProblem((error as Error).message))
        .finally(() => !stop.signal.aborted && setIsLoading(false));
    },
    [api, filter],
  );
  useEffect(() => {
    setEvents(undefined);
    setNewIds([]);
    read(undefined);
    return () => reading.current.abort();
  }, [read, round]);

  const take = (event: EventView) => {
    if (!events) return;
    if (events.some(({ id }) => id === event.id))
      setEvents(events.map((known) => (known.id === event.id ? { ...event, reviewed: known.reviewed } : known)));
    // What began long ago and is only further down in the list has ended, and is nothing new.
    else if (event.ended_at === null && fitsFilter(event, filter))
      setNewIds((known) => (known.includes(event.id) ? known : [...known, event.id].slice(-newMax)));
  };
  useLiveStream(api, { onNotification: take, onGap: () => setRound((rounds) => rounds + 1) }, { isWanted: true });

  const review = useCallback(
    (all: readonly number[], reviewed: boolean) => {
      const ids = all.slice(0, reviewMax);
      const mark = (value: boolean) =>
        setEvents((known) => known?.map((event) => (ids.includes(event.id) ? { ...event, reviewed: value } : event)));
      mark(reviewed);
      reviewEvents(api, ids, reviewed).catch((error: unknown) => {
        mark(!reviewed);
        setProblem((error as Error).message);
      });
    },
    [api],
  );
  return {
    events,
    problem,
    isLoading,
    hasMore: cursor !== null,
    newCount: newIds.length,
    loadMore: () => cursor !== null && !isLoading && read(cursor),
    reload: () => setRound((rounds) => rounds + 1),
    review,
  };
}
