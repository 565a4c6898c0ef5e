import type { ListedEventView } from '@nightjar/contracts';
import { useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import type { Protection } from '../api/recordings.js';
import { momentAt, pan, shareOf, ticksOf, zoom, type Range } from './time-view.js';
import type { Thumbnail } from './use-thumbnails.js';

const marksMax = 8;
/** Beyond, its text would leave the bar. */
const tickShareMax = 0.95;
const zoomStep = 2;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const shortClock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

interface TimeBarProps {
  bounds: Range;
  view: Range;
  onView: (view: Range) => void;
  recordings: readonly Range[];
  events: readonly ListedEventView[];
  protections: readonly Protection[];
  chosen: Range | undefined;
  momentUnix: number | undefined;
  onSeek: (unix: number) => void;
  /** Somebody is about to scrub: small pictures are wanted. */
  onApproach: () => void;
  thumbnailAt: (unix: number) => Thumbnail | undefined;
}

/** What is recorded when, as a bar: gaps are dark, events are marks. Works with a pointer and with the keys of a slider. */
export function TimeBar(props: TimeBarProps) {
  const { bounds, chosen, events, momentUnix, onApproach, onSeek, onView, protections, recordings, thumbnailAt, view } = props;
  const bar = useRef<HTMLDivElement>(null);
  const [pointerUnix, setPointerUnix] = useState<number>();
  // Before anything was played, what is newest is looked for first.
  const middle = momentUnix ?? recordings.at(-1)?.endUnix ?? momentAt(view, 0.5);
  const zoomBy = (factor: number) => onView(zoom(view, { factor, aroundUnix: middle, bounds }));
  const momentOf = ({ clientX }: MouseEvent) => {
    const { left, width } = bar.current?.getBoundingClientRect() ?? { left: 0, width: 1 };
    return momentAt(view, Math.min(1, Math.max(0, (clientX - left) / width)));
  };
  return (
    <div className="time-bar">
      <BarTools bounds={bounds} view={view} onView={onView} zoomBy={zoomBy} />
      <div
        ref={bar}
        className="time-track"
        data-testid="time-bar"
        role="slider"
        tabIndex={0}
        aria-label="Moment that is played"
        aria-valuemin={Math.round(bounds.startUnix)}
        aria-valuemax={Math.round(bounds.endUnix)}
        aria-valuenow={Math.round(middle)}
        aria-valuetext={clock.format(middle * 1_000)}
        onKeyDown={(event) => seekByKey(event, { view, bounds, fromUnix: middle, onSeek, zoomBy })}
        onPointerEnter={onApproach}
        onFocus={onApproach}
        onPointerMove={(event) => setPointerUnix(momentOf(event))}
        onPointerLeave={() => setPointerUnix(undefined)}
        onClick={(event) => onSeek(momentOf(event))}
      >
        {recordings.map((recording) => (
          <Stretch key={recording.startUnix} className="recorded" view={view} range={recording} />
        ))}
        {protections.map(({ end_unix: endUnix, id, start_unix: startUnix }) => (
          <Stretch key={id} className="protected" view={view} range={{ startUnix, endUnix }} />
        ))}
        {chosen && <Stretch className="chosen" view={view} range={chosen} />}
        {events.map((event) => (
          <Mark key={event.id} className="event-mark" view={view} unix={Date.parse(event.started_at) / 1_000} />
        ))}
        {ticksOf(view, bounds, marksMax)
          .filter((unix) => shareOf(view, unix) < tickShareMax)
          .map((unix, position) => (
            <Mark
              key={unix}
              className={position % 2 === 0 ? 'tick' : 'tick in-between'}
              view={view}
              unix={unix}
              text={shortClock.format(unix * 1_000)}
            />
          ))}
        {momentUnix !== undefined && <Mark className="moment" view={view} unix={momentUnix} />}
        {pointerUnix !== undefined && <Preview view={view} unix={pointerUnix} thumbnail={thumbnailAt(pointerUnix)} />}
      </div>
    </div>
  );
}

type BarToolsProps = Pick<TimeBarProps, 'bounds' | 'view' | 'onView'> & { zoomBy: (factor: number) => void };

/** Goes to another part of the day, or to more or less of it. */
function BarTools({ bounds, onView, view, zoomBy }: BarToolsProps) {
  return (
    <div className="time-bar-tools" role="group" aria-label="What the bar shows">
      <button type="button" onClick={() => onView(pan(view, -0.5, bounds))} aria-label="Earlier">
        ◀
      </button>
      <button type="button" onClick={() => zoomBy(1 / zoomStep)} aria-label="Zoom in">
        +
      </button>
      <button type="button" onClick={() => zoomBy(zoomStep)} aria-label="Zoom out">
        −
      </button>
      <button type="button" onClick={() => onView(bounds)}>
        Whole day
      </button>
      <button type="button" onClick={() => onView(pan(view, 0.5, bounds))} aria-label="Later">
        ▶
      </button>
    </div>
  );
}

function Stretch({ className, range, view }: { className: string; range: Range; view: Range }) {
  const left = Math.max(0, shareOf(view, range.startUnix));
  const right = Math.min(1, shareOf(view, range.endUnix));
  if (right <= left) return null;
  return <span className={className} style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />;
}

function Mark({ className, text, unix, view }: { className: string; text?: string; unix: number; view: Range }) {
  const share = shareOf(view, unix);
  if (share < 0 || share > 1) return null;
  return (
    <span className={className} style={{ left: `${share * 100}%` }}>
      {text}
    </span>
  );
}

/** The moment under the pointer, with its picture where there is one; stays inside of the bar. */
function Preview({ thumbnail, unix, view }: { thumbnail: Thumbnail | undefined; unix: number; view: Range }) {
  const share = Math.min(0.88, Math.max(0.12, shareOf(view, unix)));
  return (
    <span className="preview" aria-hidden="true" style={{ left: `${share * 100}%` }}>
      {thumbnail && (
        <span
          className="preview-picture"
          data-testid="thumbnail"
          style={{
            width: `${thumbnail.width}px`,
            height: `${thumbnail.height}px`,
            backgroundImage: `url(${thumbnail.spriteUrl})`,
            backgroundPosition: `-${thumbnail.x}px -${thumbnail.y}px`,
          }}
        />
      )}
      {clock.format(unix * 1_000)}
    </span>
  );
}

interface KeySeek {
  view: Range;
  bounds: Range;
  fromUnix: number;
  onSeek: (unix: number) => void;
  zoomBy: (factor: number) => void;
}

function seekByKey(event: KeyboardEvent, { bounds, fromUnix, onSeek, view, zoomBy }: KeySeek): void {
  const step = event.shiftKey ? 60 : 10;
  const targets: Record<string, number> = {
    ArrowLeft: fromUnix - step,
    ArrowDown: fromUnix - step,
    ArrowRight: fromUnix + step,
    ArrowUp: fromUnix + step,
    PageDown: fromUnix - 600,
    PageUp: fromUnix + 600,
    Home: view.startUnix,
    End: view.endUnix,
  };
  const target = targets[event.key];
  if (target !== undefined) onSeek(Math.min(bounds.endUnix, Math.max(bounds.startUnix, target)));
  else if (event.key === '+') zoomBy(1 / zoomStep);
  else if (event.key === '-') zoomBy(zoomStep);
  else return;
  event.preventDefault();
}
