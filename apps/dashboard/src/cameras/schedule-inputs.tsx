import type { WeeklySchedule } from '@nightjar/contracts';
import { FieldProblem } from '../loading/field-problem.js';
import { days, usualSchedule, type Day, type Interval } from './weekly-schedule.js';

const intervalsMax = 50;

interface ScheduleInputsProps {
  /** Null: always. */
  schedule: WeeklySchedule | null;
  onSchedule: (schedule: WeeklySchedule | null) => void;
  problem: string | undefined;
}

/** Hours of the week in which something counts. */
export function ScheduleInputs({ onSchedule, problem, schedule }: ScheduleInputsProps) {
  const change = (part: Partial<WeeklySchedule>) => schedule && onSchedule({ ...schedule, ...part });
  const changeInterval = (place: number, part: Partial<Interval>) =>
    change({
      intervals: schedule?.intervals.map((interval, position) => (position === place ? { ...interval, ...part } : interval)) ?? [],
    });
  return (
    <fieldset className="schedule">
      <legend>When it counts</legend>
      <label className="tick-box">
        <input type="checkbox" checked={schedule !== null} onChange={({ target }) => onSchedule(target.checked ? usualSchedule() : null)} />
        only at certain hours
      </label>
      {schedule && (
        <>
          <label>
            Time zone
            <select value={schedule.timezone} onChange={({ target }) => change({ timezone: target.value })}>
              {zonesWith(schedule.timezone).map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </select>
          </label>
          {schedule.intervals.map((interval, place) => (
            <IntervalInputs
              key={place}
              name={`Hours ${place + 1}`}
              interval={interval}
              onChange={(part) => changeInterval(place, part)}
              onRemove={
                schedule.intervals.length > 1
                  ? () => change({ intervals: schedule.intervals.filter((_interval, position) => position !== place) })
                  : undefined
              }
            />
          ))}
          <button
            type="button"
            disabled={schedule.intervals.length >= intervalsMax}
            onClick={() => change({ intervals: [...schedule.intervals, { days: [...days], from: '08:00', to: '18:00' }] })}
          >
            Add hours
          </button>
        </>
      )}
      <FieldProblem text={problem} />
    </fieldset>
  );
}

/** Time zones that this browser knows, and the one that is set already. */
function zonesWith(zone: string): string[] {
  return [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone'), zone])];
}

interface IntervalInputsProps {
  name: string;
  interval: Interval;
  onChange: (part: Partial<Interval>) => void;
  onRemove: (() => void) | undefined;
}

function IntervalInputs({ interval, name, onChange, onRemove }: IntervalInputsProps) {
  const time = (member: 'from' | 'to', label: string) => (
    <label>
      {label}
      <input type="time" required value={interval[member]} onChange={({ target }) => onChange({ [member]: target.value })} />
    </label>
  );
  const toggle = (day: Day, isChosen: boolean) =>
    onChange({ days: days.filter((known) => (known === day ? isChosen : interval.days.includes(known))) });
  return (
    <div className="interval" role="group" aria-label={name}>
      {days.map((day) => (
        <label key={day} className="tick-box">
          <input type="checkbox" checked={interval.days.includes(day)} onChange={({ target }) => toggle(day, target.checked)} />
          {day}
        </label>
      ))}
      {time('from', 'from')}
      {time('to', 'to (of the next day, if it is earlier)')}
      {onRemove && (
        <button type="button" onClick={onRemove}>
          Remove
        </button>
      )}
    </div>
  );
}
