import type { ListedEventView } from '@nightjar/contracts';
import { useEffect, useRef, type KeyboardEvent } from 'react';
import type { Api } from '../api.js';
import { EventActions } from './event-actions.js';
import { boxOf } from './evidence-box.js';
import { EvidencePicture } from './evidence-picture.js';

interface LargeEventProps {
  api: Api;
  event: ListedEventView;
  /** What stands under its picture. */
  name: string;
  seesRecordings: boolean;
  /** To the event before or after it in the list; undefined at its ends. */
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  onReview: (reviewed: boolean) => void;
  onClose: () => void;
}

/** An event's picture, large, with a frame around what it is about; the arrow keys go through the list. */
export function LargeEvent({ api, event, name, onClose, onNext, onPrevious, onReview, seesRecordings }: LargeEventProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const box = boxOf(event);
  const onKeyDown = ({ key }: KeyboardEvent) => {
    if (key === 'ArrowLeft') onPrevious?.();
    if (key === 'ArrowRight') onNext?.();
  };
  return (
    <dialog ref={dialog} className="large-picture" aria-label={name} onClose={onClose} onKeyDown={onKeyDown}>
      {event.evidence_url ? (
        // A better picture comes with another box.
        <EvidencePicture key={JSON.stringify([event.id, box])} api={api} url={event.evidence_url} name={name} box={box} />
      ) : (
        <span className="evidence">
          <span className="empty">no picture</span>
        </span>
      )}
      <p aria-live="polite">{name}</p>
      <div className="event-card-tools">
        <button type="button" disabled={!onPrevious} onClick={onPrevious} aria-label="Previous in the list">
          ◀
        </button>
        <button type="button" disabled={!onNext} onClick={onNext} aria-label="Next in the list">
          ▶
        </button>
        <EventActions event={event} seesRecordings={seesRecordings} onReview={onReview} />
        <button type="button" autoFocus onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
