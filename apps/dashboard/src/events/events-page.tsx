import type { ListedEventView } from '@nightjar/contracts';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { listCameras } from '../api/cameras.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useLoaded } from '../loading/use-loaded.js';
import { linkTo } from '../navigation/route.js';
import { goTo } from '../navigation/use-route.js';
import { durationText } from './duration-text.js';
import { EventActions } from './event-actions.js';
import { filterOf, parametersOf, type EventsFilter } from './events-filter.js';
import { EvidencePicture } from './evidence-picture.js';
import { FilterForm } from './filter-form.js';
import { LargeEvent } from './large-event.js';
import { useEventPages } from './use-event-pages.js';
import './events.css';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const usualLabels = ['person', 'intrusion', 'line_crossing', 'loitering', 'occupancy', 'crowd', 'abandoned_object', 'motion'];

interface EventsPageProps {
  api: Api;
  /** The filter. */
  parameters: URLSearchParams;
  seesCameras: boolean;
  seesRecordings: boolean;
}

/** All events that the caller may see: to filter, to look at, to review. */
export function EventsPage({ api, parameters, seesCameras, seesRecordings }: EventsPageProps) {
  const filter = useMemo(() => filterOf(parameters), [parameters]);
  const pages = useEventPages(api, filter);
  const load = useCallback((signal: AbortSignal) => listCameras(api, signal, { withInactive: true }), [api]);
  const loaded = useLoaded(seesCameras ? load : undefined);
  const cameras = loaded.value ?? [];
  const [openedId, setOpenedId] = useState<number>();
  const onFilter = useCallback((wanted: EventsFilter) => goTo(linkTo('events', parametersOf(wanted)), { replace: true }), []);
  const { events } = pages;
  const labels = [...new Set([...usualLabels, ...(events ?? []).flatMap(({ label }) => label ?? [])])];
  const unreviewed = (events ?? []).filter(({ reviewed }) => !reviewed).map(({ id }) => id);
  const place = (events ?? []).findIndex(({ id }) => id === openedId);
  const opened = events?.[place];
  const beside = (step: number) => {
    const event = events?.[place + step];
    return event && (() => setOpenedId(event.id));
  };
  const nameOf = (cameraId: number) => cameras.find(({ id }) => id === cameraId)?.name ?? `camera ${cameraId}`;
  return (
    <main className="page events-page">
      <FilterForm cameras={cameras} filter={filter} labels={labels} onFilter={onFilter} />
      <div className="events-tools">
        <button type="button" className={pages.newCount > 0 ? 'main-action' : undefined} onClick={pages.reload}>
          {pages.newCount > 0 ? `Show ${pages.newCount} new` : 'Look for new ones'}
        </button>
        <button type="button" disabled={unreviewed.length === 0} onClick={() => pages.review(unreviewed, true)}>
          Mark all shown as reviewed
        </button>
      </div>
      <Problem text={pages.problem} onRetry={pages.reload} />
      <Problem text={loaded.problem} onRetry={loaded.reload} />
      {events?.length === 0 && <p className="empty">No event fits. Show all, or wait until somebody is seen.</p>}
      <ul className="event-cards" aria-busy={pages.isLoading}>
        {events?.map((event) => (
          <EventCard
            key={event.id}
            api={api}
            event={event}
            cameraName={nameOf(event.camera_id)}
            seesRecordings={seesRecordings}
            onOpen={() => setOpenedId(event.id)}
            onReview={(reviewed) => pages.review([event.id], reviewed)}
          />
        ))}
      </ul>
      {pages.isLoading && (
        <p className="empty" role="status">
          Loading …
        </p>
      )}
      {events && pages.hasMore && (
        <MoreButton onMore={pages.loadMore} isLoading={pages.isLoading} hasFailed={pages.problem !== undefined} />
      )}
      {opened && (
        <LargeEvent
          api={api}
          event={opened}
          name={`${opened.label ?? opened.event_type}, ${nameOf(opened.camera_id)}, ${moment.format(Date.parse(opened.started_at))}`}
          seesRecordings={seesRecordings}
          onPrevious={beside(-1)}
          onNext={beside(1)}
          onReview={(reviewed) => pages.review([opened.id], reviewed)}
          onClose={() => setOpenedId(undefined)}
        />
      )}
    </main>
  );
}

interface EventCardProps {
  api: Api;
  event: ListedEventView;
  cameraName: string;
  seesRecordings: boolean;
  onOpen: () => void;
  onReview: (reviewed: boolean) => void;
}

function EventCard({ api, cameraName, event, onOpen, onReview, seesRecordings }: EventCardProps) {
  const name = event.label ?? event.event_type;
  return (
    <li className={`panel event-card ${event.reviewed ? 'reviewed' : ''}`} data-testid="event-card">
      {event.evidence_url ? (
        <button type="button" className="picture-button" onClick={onOpen} aria-label={`Show the picture of ${name} large`}>
          <EvidencePicture api={api} url={event.evidence_url} name={name} />
        </button>
      ) : (
        <span className="evidence">
          <span className="empty">no picture</span>
        </span>
      )}
      <div>
        <strong>{name}</strong> <span className="duration">{durationText(event)}</span>
        <p>
          {cameraName} · <time dateTime={event.started_at}>{moment.format(Date.parse(event.started_at))}</time>
        </p>
        <div className="event-card-tools">
          <EventActions event={event} seesRecordings={seesRecordings} onReview={onReview} />
        </div>
      </div>
    </li>
  );
}

/** Presses itself when it comes into sight; after a failure it waits for somebody, since it would be in sight still. */
function MoreButton({ hasFailed, isLoading, onMore }: { hasFailed: boolean; isLoading: boolean; onMore: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const more = useRef(onMore);
  useEffect(() => {
    more.current = onMore;
  });
  useEffect(() => {
    if (!button.current || isLoading || hasFailed) return;
    const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && more.current(), {
      rootMargin: '400px',
    });
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [hasFailed, isLoading]);
  return (
    <button ref={button} type="button" disabled={isLoading} onClick={onMore}>
      Show more
    </button>
  );
}
