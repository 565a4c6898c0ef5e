import type { CameraView, ListedEventView } from '@nightjar/contracts';
import { useEffect, useMemo, useState } from 'react';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { linkTo } from '../navigation/route.js';
import { goTo } from '../navigation/use-route.js';
import { EventSteps } from './event-steps.js';
import { rangeOfDay } from './local-time.js';
import { RangePanel } from './range-panel.js';
import { TimeBar } from './time-bar.js';
import { follow, openingMoment, recordedPart, viewOf, zoom, type Range } from './time-view.js';
import { useDay } from './use-day.js';
import { usePlayback } from './use-playback.js';
import { useThumbnails } from './use-thumbnails.js';

const aroundSecondsMax = 1_800;
const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const noRecordings: readonly Range[] = [];
const noEvents: readonly ListedEventView[] = [];

interface CameraDayProps {
  api: Api;
  camera: CameraView;
  day: string;
  /** The moment that the address names; it is played. */
  at: number | undefined;
  isToday: boolean;
  seesEvents: boolean;
  mayProtect: boolean;
  onExport: () => void;
}

/** A day of a camera: the player, the bar, and what can be done with a range. */
export function CameraDay({ api, at, camera, day, isToday, mayProtect, onExport, seesEvents }: CameraDayProps) {
  const bounds = useMemo(() => rangeOfDay(day), [day]);
  const [view, setView] = useState(() => (at === undefined ? bounds : around(bounds, at, bounds)));
  const [chosen, setChosen] = useState<Range>();
  const [isScrubbing, setIsScrubbing] = useState(false);
  const { events, protections, recordings } = useDay(api, { cameraId: camera.id, bounds, isToday, seesEvents });
  const { reload: reloadRecordings } = recordings;
  const recorded = recordings.value ?? noRecordings;
  const isRecorded = recorded.length > 0;
  const { isAtEnd, isOpening, momentUnix, play, problem, video } = usePlayback(api, camera.id, recorded, reloadRecordings);
  useEffect(() => {
    if (isRecorded && at !== undefined) play(at);
  }, [at, isRecorded, play]);
  const [isOpened, setIsOpened] = useState(at !== undefined);
  useEffect(() => {
    const opening = openingMoment(recorded, { isToday });
    if (isOpened || opening === undefined) return;
    setIsOpened(true);
    setView(viewOf(recorded, bounds));
    play(opening);
  }, [bounds, isOpened, isToday, play, recorded]);
  const moment = momentUnix ?? at;
  const [followed, setFollowed] = useState(moment);
  if (moment !== followed) {
    setFollowed(moment);
    // What is played takes the bar along, unless somebody looks elsewhere.
    if (moment !== undefined && followed !== undefined && follow(view, followed, bounds) === view) setView(follow(view, moment, bounds));
  }
  const seek = (unix: number) => goTo(linkTo('timeline', { camera: camera.id, at: unix.toFixed(3) }), { replace: true });
  const thumbnailAt = useThumbnails(api, { cameraId: camera.id, range: isScrubbing ? recordedPart(view, recorded) : undefined });
  const showAround = (unix: number) => {
    setView(around(view, unix, bounds));
    seek(unix);
  };

  return (
    <>
      <div className="player">
        {/* Recordings are of a camera: there is nobody to write captions. */}
        <video
          ref={video}
          data-testid="recording"
          controls={moment !== undefined && isRecorded}
          muted
          playsInline
          aria-label={`Recording of ${camera.name}`}
        />
        {(moment === undefined || !isRecorded) && <p className="empty">{emptyText(recordings.value, recordings.problem)}</p>}
      </div>
      <p role="status" className="player-state">
        {moment !== undefined && <time dateTime={new Date(moment * 1_000).toISOString()}>{clock.format(moment * 1_000)}</time>}
        {isOpening && ' opening …'}
        {isAtEnd &&
          (isToday ? ' – all that is recorded so far; what comes is played as it comes' : ' – the last recording of this day has ended')}
      </p>
      <Problem text={problem} />
      <Problem text={recordings.problem} onRetry={reloadRecordings} />
      <Problem text={events.problem} onRetry={events.reload} />
      <TimeBar
        bounds={bounds}
        view={view}
        onView={setView}
        recordings={recorded}
        events={events.value ?? noEvents}
        protections={protections.value ?? []}
        chosen={chosen}
        momentUnix={moment}
        onSeek={seek}
        onApproach={() => setIsScrubbing(true)}
        thumbnailAt={thumbnailAt}
      />
      {seesEvents && <EventSteps events={events.value} momentUnix={moment} onStep={showAround} />}
      <RangePanel
        api={api}
        cameraId={camera.id}
        chosen={chosen}
        onChosen={setChosen}
        momentUnix={moment}
        mayProtect={mayProtect}
        protections={protections}
        onExport={onExport}
      />
    </>
  );
}

/** The view with a moment in its middle, no longer than half an hour. */
function around(view: Range, unix: number, bounds: Range): Range {
  const factor = Math.min(1, aroundSecondsMax / (view.endUnix - view.startUnix));
  const seconds = factor * (view.endUnix - view.startUnix);
  return zoom({ startUnix: unix - seconds / 2, endUnix: unix + seconds / 2 }, { factor: 1, aroundUnix: unix, bounds });
}

function emptyText(recordings: readonly Range[] | undefined, problem: string | undefined): string {
  if (problem) return '';
  if (!recordings) return 'Loading …';
  return recordings.length === 0
    ? 'Nothing is recorded on this day. The calendar above shows the days that have recordings.'
    : 'Choose a moment on the bar below.';
}
