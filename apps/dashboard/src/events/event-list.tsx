import type { CameraView, EventView } from '@nightjar/contracts';
import { durationText } from './duration-text.js';

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** What happened, newest first; an event that still goes on says so. */
export function EventList({
  events,
  cameras,
  problem,
}: {
  events: readonly EventView[] | undefined;
  cameras: readonly CameraView[];
  problem: string | undefined;
}) {
  return (
    <section className="events" aria-label="Events">
      <h2>Events</h2>
      {problem && <p className="problem">{problem}</p>}
      {!events && !problem && <p className="empty">Loading …</p>}
      {events?.length === 0 && <p className="empty">Nothing has happened yet. As soon as a person is seen, it stands here.</p>}
      <ol>
        {events?.map((event) => (
          <li key={event.id} data-testid="event-row" className={event.ended_at ? 'ended' : 'going-on'}>
            <time dateTime={event.started_at}>{clock.format(new Date(event.started_at))}</time>
            <strong>{event.label ?? event.event_type}</strong>
            <span>{cameras.find(({ id }) => id === event.camera_id)?.name ?? `camera ${event.camera_id}`}</span>
            <span className="duration">{durationText(event)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
