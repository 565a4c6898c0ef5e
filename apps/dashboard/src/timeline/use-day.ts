import type { ListedEventView } from '@nightjar/contracts';
import { useCallback, useEffect } from 'react';
import { listEvents } from '../api/events.js';
import { listProtections, listRecordings, type Protection } from '../api/recordings.js';
import type { Api } from '../api.js';
import { useLoaded, type Loaded } from '../loading/use-loaded.js';
import type { Range } from './time-view.js';

/** Of a day with more, the latest. */
export const eventsOfDayMax = 500;
/** The day of now grows. */
const reloadMs = 15_000;

interface DayOptions {
  cameraId: number;
  bounds: Range;
  isToday: boolean;
  /** Without it nobody asks for events. */
  seesEvents: boolean;
}

/** What there is of a camera on a day. */
interface Day {
  recordings: Loaded<readonly Range[]>;
  /** Oldest first. */
  events: Loaded<readonly ListedEventView[]>;
  protections: Loaded<Protection[]>;
}

/** @param options.bounds keep them with `useMemo` */
export function useDay(api: Api, { bounds, cameraId, isToday, seesEvents }: DayOptions): Day {
  const loadRecordings = useCallback((signal: AbortSignal) => listRecordings(api, cameraId, bounds, signal), [api, bounds, cameraId]);
  const recordings = useLoaded(loadRecordings);
  const loadEvents = useCallback(
    async (signal: AbortSignal) => {
      const filter = { cameraId, fromUnix: bounds.startUnix, toUnix: bounds.endUnix };
      return (await listEvents(api, { filter, limit: eventsOfDayMax }, signal)).events.toReversed();
    },
    [api, bounds, cameraId],
  );
  const events = useLoaded(seesEvents ? loadEvents : undefined);
  const loadProtections = useCallback((signal: AbortSignal) => listProtections(api, cameraId, signal), [api, cameraId]);
  const protections = useLoaded(loadProtections);
  const { reload: reloadRecordings } = recordings;
  const { reload: reloadEvents } = events;
  useEffect(() => {
    if (!isToday) return;
    const timer = setInterval(() => {
      if (document.hidden) return;
      reloadRecordings();
      reloadEvents();
    }, reloadMs);
    return () => clearInterval(timer);
  }, [isToday, reloadEvents, reloadRecordings]);
  return { recordings, events, protections };
}
