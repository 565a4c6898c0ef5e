import type { CameraView, EventView, Overlay } from '@nightjar/contracts';
import { useCallback, useEffect, useState } from 'react';
import { listCameras } from '../api/cameras.js';
import { latestEvents } from '../api/events.js';
import type { Api } from '../api.js';
import { mergeEvent } from '../events/merge-events.js';
import { useLiveStream, type Connection } from './use-live-stream.js';

const eventsMax = 100;
/** Cameras come and go without a word on the stream. */
const reloadMs = 20_000;

/** What a wall of live pictures shows. */
interface LiveWall {
  cameras: readonly CameraView[] | undefined;
  /** Newest first. */
  events: readonly EventView[] | undefined;
  overlays: Readonly<Record<number, Overlay>>;
  connection: Connection;
  problem: string | undefined;
  reload: () => void;
}

export function useLiveWall(api: Api, { seesEvents }: { seesEvents: boolean }): LiveWall {
  const [cameras, setCameras] = useState<readonly CameraView[]>();
  const [events, setEvents] = useState<readonly EventView[]>();
  const [overlays, setOverlays] = useState<Readonly<Record<number, Overlay>>>({});
  const [problem, setProblem] = useState<string>();
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((rounds) => rounds + 1), []);

  useEffect(() => {
    const stop = new AbortController();
    const load = async () => {
      try {
        const [foundCameras, foundEvents] = await Promise.all([
          listCameras(api, stop.signal),
          seesEvents ? latestEvents(api, eventsMax, stop.signal) : [],
        ]);
        setCameras((known) => keepSame(known, foundCameras));
        // A notification may have come while we asked: it knows better.
        setEvents((known) => (known ?? []).reduce<EventView[]>((list, event) => mergeEvent(list, event, eventsMax), foundEvents));
        setProblem(undefined);
      } catch (error) {
        if (!stop.signal.aborted) setProblem((error as Error).message);
      }
    };
    void load();
    return () => stop.abort();
  }, [api, round, seesEvents]);

  useEffect(() => {
    const stop = new AbortController();
    const look = () => {
      if (document.hidden) return;
      if (problem !== undefined) return reload();
      // The stream says what is lost; a list that fails once is asked for again.
      listCameras(api, stop.signal).then(
        (found) => setCameras((known) => keepSame(known, found)),
        () => undefined,
      );
    };
    const timer = setInterval(look, reloadMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [api, problem, reload]);

  const connection = useLiveStream(
    api,
    {
      onOverlay: (overlay) => setOverlays((all) => ({ ...all, [overlay.camera_id]: overlay })),
      onNotification: (event) => setEvents((known) => mergeEvent(known ?? [], event, eventsMax)),
      onGap: reload,
    },
    { isWanted: seesEvents },
  );
  return { cameras, events, overlays, connection, problem, reload };
}

/** A camera that did not change stays the same object, so that its tile is not drawn anew. */
function keepSame(known: readonly CameraView[] | undefined, found: readonly CameraView[]): readonly CameraView[] {
  if (!known) return found;
  const isSame = (one: CameraView | undefined, other: CameraView) => JSON.stringify(one) === JSON.stringify(other);
  const merged = found.map((camera) => {
    const before = known.find(({ id }) => id === camera.id);
    return before && isSame(before, camera) ? before : camera;
  });
  return merged.length === known.length && merged.every((camera, place) => camera === known[place]) ? known : merged;
}
