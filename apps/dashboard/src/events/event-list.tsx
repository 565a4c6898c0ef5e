import type { CameraView, EventView } from '@nightjar/contracts';
import { memo } from 'react';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { linkTo } from '../navigation/route.js';
import { durationText } from './duration-text.js';
import { EvidencePicture } from './evidence-picture.js';
import { playAtUnix } from './play-at.js';
import './events.css';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

interface EventListProps {
  api: Api;
  /** Newest first. */
  events: readonly EventView[] | undefined;
  cameras: readonly CameraView[];
  problem: string | undefined;
  onRetry: () => void;
  seesRecordings: boolean;
}

/** What happened, newest first, each with its picture and a way to its recording; an event that still goes on says so. */
export function EventList({ api, cameras, events, onRetry, problem, seesRecordings }: EventListProps) {
  return (
    <section className="events" aria-label="Events">
      <div className="events-head">
        <h2>Events</h2>
        <a href={linkTo('events')}>All events</a>
      </div>
      <Problem text={problem} onRetry={onRetry} />
      {!events && !problem && <p className="empty">Loading …</p>}
      {events?.length === 0 && <p className="empty">Nothing has happened yet. As soon as a person is seen, it stands here.</p>}
      <ol>
        {events?.map((event) => (
          <EventRow
            key={event.id}
            api={api}
            event={event}
            cameraName={cameras.find(({ id }) => id === event.camera_id)?.name ?? `camera ${event.camera_id}`}
            seesRecordings={seesRecordings}
          />
        ))}
      </ol>
    </section>
  );
}

interface EventRowProps {
  api: Api;
  event: EventView;
  cameraName: string;
  seesRecordings: boolean;
}

/** Drawn once: boxes that move over the pictures beside it leave it alone. */
const EventRow = memo(function EventRow({ api, cameraName, event, seesRecordings }: EventRowProps) {
  const name = event.label ?? event.event_type;
  const at = playAtUnix(event).toFixed(3);
  return (
    <li data-testid="event-row" className={event.ended_at ? 'ended' : 'going-on'}>
      {event.evidence_url ? <EvidencePicture api={api} url={event.evidence_url} name={name} /> : <span className="evidence" />}
      <div>
        <strong>{seesRecordings ? <a href={linkTo('timeline', { camera: event.camera_id, at })}>{name}</a> : name}</strong>
        <p title={cameraName}>{cameraName}</p>
        <p>
          <time dateTime={event.started_at}>{clock.format(new Date(event.started_at))}</time>
          {' · '}
          <span className="duration">{durationText(event)}</span>
        </p>
      </div>
    </li>
  );
});
