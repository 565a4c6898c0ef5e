import type { CameraView } from '@nightjar/contracts';
import { useEffect, useState } from 'react';
import type { EventsFilter } from './events-filter.js';
import { inputTextOf, momentOfInput } from '../timeline/local-time.js';

const typeNames = { track: 'somebody or something seen', alert: 'alert of an analytic', alarm: 'alarm' };
const typingMs = 400;

/** What of the events is shown. */
export function FilterForm({
  cameras,
  filter,
  labels,
  onFilter,
}: {
  cameras: readonly CameraView[];
  filter: EventsFilter;
  /** To choose from; others may be typed. */
  labels: readonly string[];
  onFilter: (filter: EventsFilter) => void;
}) {
  const change = (part: EventsFilter) => onFilter({ ...filter, ...part });
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  return (
    <form className="fields panel" role="search" aria-label="Filter events" onSubmit={(form) => form.preventDefault()}>
      <label>
        Camera
        <select value={filter.cameraId ?? ''} onChange={({ target }) => change({ cameraId: Number(target.value) || undefined })}>
          <option value="">all</option>
          {cameras.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <LabelInput value={filter.label} labels={labels} onValue={(label) => change({ label })} />
      <label>
        Type
        <select value={filter.eventType ?? ''} onChange={({ target }) => change({ eventType: target.value || undefined })}>
          <option value="">all</option>
          {Object.entries(typeNames).map(([type, name]) => (
            <option key={type} value={type}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <MomentInput name="From" unix={filter.fromUnix} onMoment={(fromUnix) => change({ fromUnix })} />
      <MomentInput name="To" unix={filter.toUnix} onMoment={(toUnix) => change({ toUnix })} />
      <label>
        Reviewed
        <select
          value={filter.reviewed === undefined ? '' : String(filter.reviewed)}
          onChange={({ target }) => change({ reviewed: target.value === '' ? undefined : target.value === 'true' })}
        >
          <option value="">all</option>
          <option value="false">not yet</option>
          <option value="true">reviewed</option>
        </select>
      </label>
      {isFiltered && (
        <button type="button" onClick={() => onFilter({})}>
          Show all
        </button>
      )}
    </form>
  );
}

function MomentInput({ name, onMoment, unix }: { name: string; onMoment: (unix: number | undefined) => void; unix: number | undefined }) {
  return (
    <label>
      {name}
      <input
        type="datetime-local"
        value={unix === undefined ? '' : inputTextOf(unix).slice(0, 16)}
        onChange={({ target }) => onMoment(momentOfInput(target.value))}
      />
    </label>
  );
}

/** Asks when somebody stops typing. */
function LabelInput({
  labels,
  onValue,
  value,
}: {
  labels: readonly string[];
  onValue: (label: string | undefined) => void;
  value: string | undefined;
}) {
  const [text, setText] = useState(value ?? '');
  useEffect(() => setText(value ?? ''), [value]);
  useEffect(() => {
    if (text.trim() === (value ?? '')) return;
    const timer = setTimeout(() => onValue(text.trim() || undefined), typingMs);
    return () => clearTimeout(timer);
  }, [onValue, text, value]);
  return (
    <label>
      Label
      <input value={text} maxLength={60} list="event-labels" placeholder="all" onChange={({ target }) => setText(target.value)} />
      <datalist id="event-labels">
        {labels.map((label) => (
          <option key={label} value={label} />
        ))}
      </datalist>
    </label>
  );
}
