import { useCallback, useRef, useState } from 'react';
import { listRecordedDays } from '../api/recordings.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useLoaded } from '../loading/use-loaded.js';
import { addDays, addMonths, localTimeZone, weeksOf } from './local-time.js';

const weekdays = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
const monthForm = new Intl.DateTimeFormat(undefined, { month: 'long', year: 'numeric' });
const dayForm = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const dateOf = (day: string) => new Date(`${day}T12:00:00`);

interface DayCalendarProps {
  api: Api;
  cameraId: number;
  day: string;
  onDay: (day: string) => void;
}

/** The day that is looked at, the ones beside it, and a month of days to choose from. */
export function DayCalendar({ api, cameraId, day, onDay }: DayCalendarProps) {
  const [isOpen, setIsOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const close = () => {
    setIsOpen(false);
    // What had the keyboard is gone.
    toggle.current?.focus();
  };
  const chooseOfMonth = (chosen: string) => {
    close();
    onDay(chosen);
  };
  const chooseBeside = (chosen: string) => {
    setIsOpen(false);
    onDay(chosen);
  };
  return (
    <div className="day-calendar">
      <button type="button" onClick={() => chooseBeside(addDays(day, -1))} aria-label="Day before">
        ◀
      </button>
      <button ref={toggle} type="button" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        {dayForm.format(dateOf(day))}
      </button>
      <button type="button" onClick={() => chooseBeside(addDays(day, 1))} aria-label="Day after">
        ▶
      </button>
      {isOpen && <Month api={api} cameraId={cameraId} day={day} onDay={chooseOfMonth} onClose={close} />}
    </div>
  );
}

/** A month of days: those with recordings can be chosen. Begins with the month of the day. */
function Month({ api, cameraId, day, onClose, onDay }: DayCalendarProps & { onClose: () => void }) {
  const [month, setMonth] = useState(day.slice(0, 7));
  const load = useCallback(
    (signal: AbortSignal) => listRecordedDays(api, { cameraId, month, timeZone: localTimeZone }, signal),
    [api, cameraId, month],
  );
  const { problem, reload, value: recorded } = useLoaded(load);
  return (
    <div className="month panel" onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <div className="month-head">
        <button type="button" onClick={() => setMonth(addMonths(month, -1))} aria-label="Month before">
          ◀
        </button>
        <strong aria-live="polite">{monthForm.format(dateOf(`${month}-01`))}</strong>
        <button type="button" onClick={() => setMonth(addMonths(month, 1))} aria-label="Month after">
          ▶
        </button>
      </div>
      <Problem text={problem} onRetry={reload} />
      <table aria-label="Days with recordings">
        <thead>
          <tr>
            {weekdays.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOf(month).map((week) => (
            <tr key={week.find(Boolean)}>
              {week.map((cell, position) => (
                <td key={cell ?? position}>
                  {cell && (
                    <button
                      type="button"
                      disabled={!recorded?.includes(cell)}
                      aria-pressed={cell === day}
                      aria-label={dayForm.format(dateOf(cell))}
                      onClick={() => onDay(cell)}
                    >
                      {Number(cell.slice(8))}
                    </button>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {recorded?.length === 0 && <p className="empty">Nothing is recorded in this month.</p>}
    </div>
  );
}
