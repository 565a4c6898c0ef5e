import type { CameraView, EventView, Overlay } from '@nightjar/contracts';
import { useCallback, useEffect, useState } from 'react';
import { listCameras } from '../api/cameras.js';
import { latestEvents } from '../api/events.js';
import type { Api } from '../api.js';
import { EventList } from '../events/event-list.js';
import { mergeEvent } from '../events/merge-events.js';
import { Problem } from '../loading/problem.js';
import { linkTo } from '../navigation/route.js';
import { LiveCamera } from './live-camera.js';
import { useLiveStream, type Connection } from './use-live-stream.js';

const eventsMax = 100;
const connectionText: Record<Connection, string> = {
  connecting: 'connecting …',
  live: 'live',
  interrupted: 'connection lost, trying again …',
  refused: 'live pictures only: your role sees no events',
};

/** Cameras with boxes on the left, what happens on the right. `seesEvents` false: the caller's role has no events. */
export function LivePage({ api, mayAdd, seesEvents }: { api: Api; mayAdd: boolean; seesEvents: boolean }) {
  const [cameras, setCameras] = useState<CameraView[]>();
  const [events, setEvents] = useState<EventView[]>();
  const [overlays, setOverlays] = useState<Record<number, Overlay>>({});
  const [problem, setProblem] = useState<string>();

  const load = useCallback(
    async (signal: AbortSignal) => {
      try {
        const [foundCameras, foundEvents] = await Promise.all([
          listCameras(api, signal),
          seesEvents ? latestEvents(api, eventsMax, signal) : [],
        ]);
        setCameras(foundCameras);
        // A notification may have come while we asked: it knows better.
        setEvents((known) => (known ?? []).reduce<EventView[]>((list, event) => mergeEvent(list, event, eventsMax), foundEvents));
        setProblem(undefined);
      } catch (error) {
        if (!signal.aborted) setProblem((error as Error).message);
      }
    },
    [api, seesEvents],
  );
  useEffect(() => {
    const stop = new AbortController();
    void load(stop.signal);
    return () => stop.abort();
  }, [load]);

  const connection = useLiveStream(
    api,
    {
      onOverlay: (overlay) => setOverlays((all) => ({ ...all, [overlay.camera_id]: overlay })),
      onNotification: (event) => setEvents((known) => mergeEvent(known ?? [], event, eventsMax)),
      onGap: () => void load(new AbortController().signal),
    },
    { isWanted: seesEvents },
  );

  return (
    <main className="live-page">
      <h2 className="visually-hidden">Live</h2>
      <p role="status" className={`connection ${connection}`}>
        {connectionText[connection]}
      </p>
      <div className="cameras">
        {!cameras && !problem && <p className="empty">Loading …</p>}
        {cameras?.length === 0 && (
          <p className="empty">
            {mayAdd ? <a href={linkTo('cameras', { add: 1 })}>No camera yet: add one.</a> : 'No camera yet. An administrator can add one.'}
          </p>
        )}
        {cameras?.map((camera) => (
          <LiveCamera key={camera.id} api={api} camera={camera} overlay={overlays[camera.id]} />
        ))}
      </div>
      {seesEvents ? (
        <EventList events={events} cameras={cameras ?? []} problem={problem} />
      ) : (
        <Problem text={problem} onRetry={() => void load(new AbortController().signal)} />
      )}
    </main>
  );
}
