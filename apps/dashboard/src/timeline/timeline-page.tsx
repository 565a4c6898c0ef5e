import type { CameraView } from '@nightjar/contracts';
import { useCallback, useEffect, useState } from 'react';
import { listCameras } from '../api/cameras.js';
import { listExports } from '../api/recordings.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { useLoaded } from '../loading/use-loaded.js';
import { idOf, linkTo, momentOf } from '../navigation/route.js';
import { goTo } from '../navigation/use-route.js';
import { CameraDay } from './camera-day.js';
import { DayCalendar } from './day-calendar.js';
import { ExportsList } from './exports-list.js';
import { dayOf, isDay } from './local-time.js';
import './timeline.css';

interface TimelinePageProps {
  api: Api;
  /** `camera`, and `at` (Unix seconds) or `day`. */
  parameters: URLSearchParams;
  seesEvents: boolean;
  mayProtect: boolean;
}

/** Recordings: a camera, a day, and any moment of it. */
export function TimelinePage({ api, mayProtect, parameters, seesEvents }: TimelinePageProps) {
  const load = useCallback((signal: AbortSignal) => listCameras(api, signal, { withInactive: true }), [api]);
  const cameras = useLoaded(load);
  return (
    <main className="page timeline-page">
      <LoadedList of={cameras} empty="No camera yet, so nothing is recorded. Cameras are added on the page Cameras.">
        {(found) => <Timeline api={api} cameras={found} parameters={parameters} seesEvents={seesEvents} mayProtect={mayProtect} />}
      </LoadedList>
    </main>
  );
}

function Timeline({ api, cameras, mayProtect, parameters, seesEvents }: TimelinePageProps & { cameras: readonly CameraView[] }) {
  const asked = idOf(parameters, 'camera');
  const camera = cameras.find(({ id }) => id === asked) ?? cameras[0];
  const at = momentOf(parameters, 'at');
  const askedDay = parameters.get('day') ?? '';
  const today = useToday();
  const loadExports = useCallback((signal: AbortSignal) => listExports(api, signal), [api]);
  const exports = useLoaded(loadExports);
  if (!camera) return null;
  const day = at !== undefined ? dayOf(at) : isDay(askedDay) ? askedDay : today;
  const chooseCamera = (id: number) => goTo(linkTo('timeline', at === undefined ? { camera: id, day } : { camera: id, at }));
  return (
    <>
      <div className="timeline-head">
        <label>
          Camera
          <select value={camera.id} onChange={({ target }) => chooseCamera(Number(target.value))}>
            {cameras.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <DayCalendar
          key={camera.id}
          api={api}
          cameraId={camera.id}
          day={day}
          onDay={(chosen) => goTo(linkTo('timeline', { camera: camera.id, day: chosen }))}
        />
      </div>
      {asked !== undefined && asked !== camera.id && (
        <p className="problem">The camera that was asked for is not there, or not yours to see.</p>
      )}
      <CameraDay
        key={`${camera.id} ${day}`}
        api={api}
        camera={camera}
        day={day}
        at={at}
        isToday={day === today}
        seesEvents={seesEvents}
        mayProtect={mayProtect}
        onExport={exports.reload}
      />
      <ExportsList api={api} cameras={cameras} exports={exports} />
    </>
  );
}

/** Today, also after midnight. */
function useToday(): string {
  const [today, setToday] = useState(() => dayOf(Date.now() / 1_000));
  useEffect(() => {
    const timer = setInterval(() => setToday(dayOf(Date.now() / 1_000)), 60_000);
    return () => clearInterval(timer);
  }, []);
  return today;
}
