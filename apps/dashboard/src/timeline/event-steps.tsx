import type { ListedEventView } from '@nightjar/contracts';
import { leadSeconds, playAtUnix } from '../events/play-at.js';
import { eventsOfDayMax } from './use-day.js';

interface EventStepsProps {
  /** Oldest first; undefined: not known yet. */
  events: readonly ListedEventView[] | undefined;
  momentUnix: number | undefined;
  onStep: (unix: number) => void;
}

/** Goes from event to event of the day. */
export function EventSteps({ events, momentUnix, onStep }: EventStepsProps) {
  if (!events) return null;
  const begins = events.map(playAtUnix);
  // Between two of the same second there is nothing to step over.
  const before = begins.findLast((unix) => momentUnix === undefined || unix < momentUnix - leadSeconds - 1);
  const after = begins.find((unix) => momentUnix === undefined || unix > momentUnix + 1);
  return (
    <div className="event-steps" role="group" aria-label="Events of the day">
      <button type="button" disabled={before === undefined} onClick={() => before !== undefined && onStep(before)}>
        Previous event
      </button>
      <span className="empty">{countText(events.length)}</span>
      <button type="button" disabled={after === undefined} onClick={() => after !== undefined && onStep(after)}>
        Next event
      </button>
    </div>
  );
}

function countText(count: number): string {
  if (count === 0) return 'no events on this day';
  if (count === 1) return '1 event';
  return `${count === eventsOfDayMax ? 'the latest ' : ''}${count} events`;
}
