import { useState } from 'react';
import { protect, releaseProtection, type Protection } from '../api/recordings.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import type { Loaded } from '../loading/use-loaded.js';
import { useAction } from '../loading/use-action.js';
import { ExportRange } from './export-range.js';
import { inputTextOf, momentOfInput } from './local-time.js';
import type { Range } from './time-view.js';

const aroundSeconds = 30;
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

interface RangePanelProps {
  api: Api;
  cameraId: number;
  chosen: Range | undefined;
  onChosen: (range: Range | undefined) => void;
  momentUnix: number | undefined;
  mayProtect: boolean;
  protections: Loaded<Protection[]>;
  /** A file is on its way. */
  onExport: () => void;
}

/** A range of the recordings, to be downloaded or kept; and the ranges that are kept. */
export function RangePanel({ api, cameraId, chosen, mayProtect, momentUnix, onChosen, onExport, protections }: RangePanelProps) {
  const begin = () => {
    const around = momentUnix ?? Date.now() / 1_000 - 2 * aroundSeconds;
    onChosen({ startUnix: Math.floor(around - aroundSeconds), endUnix: Math.floor(around + aroundSeconds) });
  };
  return (
    <section className="panel range-panel" aria-label="Range">
      <h2>Export or keep a range</h2>
      {!chosen && (
        <button type="button" onClick={begin}>
          Choose a range around this moment
        </button>
      )}
      {chosen && (
        <>
          <RangeInputs range={chosen} onRange={onChosen} momentUnix={momentUnix} />
          {chosen.endUnix <= chosen.startUnix ? (
            <p className="problem">The end has to be after the start.</p>
          ) : (
            <>
              <ExportRange
                key={`${chosen.startUnix}-${chosen.endUnix}`}
                api={api}
                cameraId={cameraId}
                range={chosen}
                onStarted={onExport}
              />
              {mayProtect && <ProtectRange api={api} cameraId={cameraId} range={chosen} onProtected={protections.reload} />}
            </>
          )}
          <button type="button" onClick={() => onChosen(undefined)}>
            Put the range away
          </button>
        </>
      )}
      <Protections api={api} mayProtect={mayProtect} protections={protections} />
    </section>
  );
}

function RangeInputs({ momentUnix, onRange, range }: { momentUnix: number | undefined; onRange: (range: Range) => void; range: Range }) {
  const edges = [
    { name: 'Start', unix: range.startUnix, set: (unix: number) => onRange({ ...range, startUnix: unix }) },
    { name: 'End', unix: range.endUnix, set: (unix: number) => onRange({ ...range, endUnix: unix }) },
  ];
  return (
    <div className="fields">
      {edges.map(({ name, set, unix }) => (
        <div key={name} className="field">
          <label>
            {name}
            <input
              type="datetime-local"
              step={1}
              value={inputTextOf(unix)}
              onChange={({ target }) => {
                const read = momentOfInput(target.value);
                if (read !== undefined) set(read);
              }}
            />
          </label>
          <button type="button" disabled={momentUnix === undefined} onClick={() => momentUnix !== undefined && set(Math.round(momentUnix))}>
            {`${name} here`}
          </button>
        </div>
      ))}
    </div>
  );
}

function ProtectRange({ api, cameraId, onProtected, range }: { api: Api; cameraId: number; onProtected: () => void; range: Range }) {
  const action = useAction();
  const [note, setNote] = useState('');
  const keep = () =>
    action.run(async () => {
      await protect(api, cameraId, range, note.trim());
      setNote('');
      onProtected();
    });
  return (
    <form
      className="fields"
      onSubmit={(form) => {
        form.preventDefault();
        void keep();
      }}
    >
      <label>
        Why it is kept (optional)
        <input value={note} maxLength={500} onChange={({ target }) => setNote(target.value)} />
      </label>
      <button type="submit" disabled={action.isBusy}>
        Keep from being removed
      </button>
      <Problem text={action.problem} />
    </form>
  );
}

function Protections({ api, mayProtect, protections }: { api: Api; mayProtect: boolean; protections: Loaded<Protection[]> }) {
  const action = useAction();
  const { problem, reload, value } = protections;
  const release = (id: number) =>
    action.run(async () => {
      await releaseProtection(api, id);
      reload();
    });
  return (
    <>
      <Problem text={problem} onRetry={reload} />
      <Problem text={action.problem} />
      {value && value.length > 0 && (
        <>
          <h3>Kept ranges of this camera</h3>
          <ul className="rows">
            {value.map(({ end_unix: endUnix, id, note, start_unix: startUnix }) => (
              <li key={id}>
                <span>
                  {moment.format(startUnix * 1_000)} – {moment.format(endUnix * 1_000)} {note && <em>{note}</em>}
                </span>
                {mayProtect && (
                  <button type="button" disabled={action.isBusy} onClick={() => void release(id)}>
                    Let it go
                  </button>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
