import type { ListedEventView } from '@nightjar/contracts';
import { linkTo } from '../navigation/route.js';
import { playAtUnix } from './play-at.js';

interface EventActionsProps {
  event: ListedEventView;
  /** Without it nobody is led to the recording. */
  seesRecordings: boolean;
  onReview: (reviewed: boolean) => void;
}

/** What one does about an event, wherever it is shown: look at its recording, and tick it off. */
export function EventActions({ event, onReview, seesRecordings }: EventActionsProps) {
  return (
    <>
      {seesRecordings && (
        <a className="button" href={linkTo('timeline', { camera: event.camera_id, at: playAtUnix(event).toFixed(3) })}>
          Play
        </a>
      )}
      <label className="tick-box">
        <input type="checkbox" checked={event.reviewed} onChange={({ target }) => onReview(target.checked)} />
        reviewed
      </label>
    </>
  );
}
