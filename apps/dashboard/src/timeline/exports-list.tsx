import type { CameraView } from '@nightjar/contracts';
import { cancelExport, deleteExport, type Export } from '../api/recordings.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import type { Loaded } from '../loading/use-loaded.js';
import { useRepeated } from '../loading/use-repeated.js';
import { bytesText } from '../system/system-words.js';
import { downloadExport } from './download-export.js';

const reloadMs = 3_000;
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const stateTexts: Readonly<Record<Export['state'], string>> = {
  queued: 'waits for its turn',
  running: 'is being made',
  ready: 'ready',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** Files that were made of ranges, of all cameras: they stay for some days, wherever one has gone meanwhile. */
export function ExportsList({ api, cameras, exports }: { api: Api; cameras: readonly CameraView[]; exports: Loaded<Export[]> }) {
  const isMoving = exports.value?.some(({ state }) => state === 'queued' || state === 'running') ?? false;
  return (
    <section className="panel" aria-label="Exported files">
      <h2>Exported files</h2>
      {isMoving && <Refresh reload={exports.reload} />}
      <LoadedList of={exports} empty="None. A range that is exported stands here until its file is removed.">
        {(found) => (
          <ul className="rows">
            {found.map((made) => (
              <ExportRow
                key={made.id}
                api={api}
                made={made}
                cameraName={cameras.find(({ id }) => id === made.camera_id)?.name ?? `camera ${made.camera_id}`}
                onChange={exports.reload}
              />
            ))}
          </ul>
        )}
      </LoadedList>
    </section>
  );
}

/** Only while something is on its way. */
function Refresh({ reload }: { reload: () => void }) {
  useRepeated(reload, reloadMs);
  return null;
}

function ExportRow({ api, cameraName, made, onChange }: { api: Api; made: Export; cameraName: string; onChange: () => void }) {
  const action = useAction();
  const isMoving = made.state === 'queued' || made.state === 'running';
  const run = (work: () => Promise<void>) =>
    action.run(async () => {
      await work();
      onChange();
    });
  return (
    <li data-testid="export-row">
      <div>
        <strong>{cameraName}</strong> {moment.format(Date.parse(made.start))} – {clock.format(Date.parse(made.end))}
        <p className="empty">
          {stateTexts[made.state]}
          {made.error !== null && `: ${made.error}`}
          {made.state === 'running' && `, ${Math.floor(made.progress * 100)} %`}
          {made.state === 'ready' && made.bytes_total !== null && `, ${bytesText(made.bytes_total)}`}
          {made.state === 'ready' && made.expires_at !== null && `, kept until ${moment.format(Date.parse(made.expires_at))}`}
        </p>
        <Problem text={action.problem} />
      </div>
      <div className="tools">
        {made.state === 'ready' && (
          <button type="button" disabled={action.isBusy} onClick={() => void action.run(() => downloadExport(api, made.id))}>
            Download
          </button>
        )}
        <button
          type="button"
          disabled={action.isBusy}
          onClick={() => void run(() => (isMoving ? cancelExport(api, made.id) : deleteExport(api, made.id)))}
        >
          {isMoving ? 'Cancel' : 'Remove'}
        </button>
      </div>
    </li>
  );
}
