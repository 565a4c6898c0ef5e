import type { CameraView, EventView, Overlay } from '@nightjar/contracts';
import { useCallback, useEffect, useState } from 'react';
import type { Api } from './api.js';
import { EventList } from './events/event-list.js';
import { mergeEvent } from './events/merge-events.js';
import { LiveCamera } from './live/live-camera.js';
import { useLiveStream, type Connection } from './live/use-live-stream.js';

const eventsMax = 100;
const connectionText: Record<Connection, string> = {
  connecting: 'connecting …',
  live: 'live',
  interrupted: 'connection lost, trying again …',
};

/** The page of a signed-in person: cameras with boxes on the left, what happens on the right. */
export function Watch({ api, onSignOut }: { api: Api; onSignOut: () => void }) {
  const [cameras, setCameras] = useState<CameraView[]>();
  const [events, setEvents] = useState<EventView[]>();
  const [overlays, setOverlays] = useState<Record<number, Overlay>>({});
  const [problem, setProblem] = useState<string>();

  const load = useCallback(
    async (signal: AbortSignal) => {
      try {
        const [foundCameras, foundEvents] = await Promise.all([api.listCameras(signal), api.latestEvents(eventsMax, signal)]);
        setCameras(foundCameras);
        // A notification may have come while we asked: it knows better.
        setEvents((known) => (known ?? []).reduce((list, event) => mergeEvent(list, event, eventsMax), foundEvents));
        setProblem(undefined);
      } catch (error) {
        if (!signal.aborted) setProblem((error as Error).message);
      }
    },
    [api],
  );
  useEffect(() => {
    const stop = new AbortController();
    void load(stop.signal);
    return () => stop.abort();
  }, [load]);

  const connection = useLiveStream(api, {
    onOverlay: (overlay) => setOverlays((all) => ({ ...all, [overlay.camera_id]: overlay })),
    onNotification: (event) => setEvents((known) => mergeEvent(known ?? [], event, eventsMax)),
    onGap: () => void load(new AbortController().signal),
  });

  return (
    <>
      <header className="bar">
        <h1>Nightjar</h1>
        <p role="status" className={connection}>
          {connectionText[connection]}
        </p>
        <button type="button" onClick={onSignOut}>
          Sign out
        </button>
      </header>
      <main>
        <div className="cameras">
          {cameras?.length === 0 && <p className="empty">No camera yet. Add one with POST /api/v1/cameras.</p>}
          {cameras?.map((camera) => (
            <LiveCamera key={camera.id} api={api} camera={camera} overlay={overlays[camera.id]} />
          ))}
        </div>
        <EventList events={events} cameras={cameras ?? []} problem={problem} />
      </main>
    </>
  );
}
