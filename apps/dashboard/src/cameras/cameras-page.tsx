import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { listCameras, listDeletedCameras, restoreCamera } from '../api/cameras.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { LongList } from '../loading/long-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { useRepeated } from '../loading/use-repeated.js';
import { idOf, linkTo } from '../navigation/route.js';
import { goTo } from '../navigation/use-route.js';
import { AnalyticsEditor } from './analytics-editor.js';
import { CameraForm } from './camera-form.js';
import { CameraRow } from './camera-row.js';
import { cameraStates, countsText, searchCameras, type CameraSearch, type CameraState } from './camera-search.js';
import './cameras.css';

const reloadMs = 15_000;
/** Fewer are seen at one glance. */
const searchedFrom = 8;

interface CamerasPageProps {
  api: Api;
  /** `add`, `edit` or `analytics` (with the camera's id). */
  parameters: URLSearchParams;
  isAdmin: boolean;
  mayManage: boolean;
}

/** Cameras: how they are, and what is done with them. */
export function CamerasPage({ api, isAdmin, mayManage, parameters }: CamerasPageProps) {
  const load = useCallback((signal: AbortSignal) => listCameras(api, signal, { withInactive: true }), [api]);
  const cameras = useLoaded(load);
  useRepeated(cameras.reload, reloadMs);
  const [deletions, setDeletions] = useState(0);
  const find = (name: string) => cameras.value?.find(({ id }) => id === idOf(parameters, name));
  // The list may still be as it was before.
  const [saved, setSaved] = useState<CameraView>();
  const found = find('edit');
  const edited = found && saved?.id === found.id && saved.updated_at > found.updated_at ? saved : found;
  const analysed = find('analytics');
  const close = (changed?: CameraView) => {
    if (changed) setSaved(changed);
    cameras.reload();
    goTo(linkTo('cameras'));
  };
  const onDeleted = () => {
    cameras.reload();
    setDeletions((count) => count + 1);
  };
  if (isAdmin && (parameters.has('add') || edited))
    return (
      <main className="page">
        <CameraForm key={edited?.id} api={api} camera={edited} onClose={close} />
      </main>
    );
  if (mayManage && analysed)
    return (
      <main className="page">
        <AnalyticsEditor key={analysed.id} api={api} camera={analysed} onClose={() => close()} />
      </main>
    );
  const isMissing = (parameters.has('edit') || parameters.has('analytics')) && cameras.value !== undefined;
  return (
    <main className="page">
      {isMissing && <p className="problem">The camera that was asked for is not there, or not yours to change.</p>}
      <section className="panel" aria-label="Cameras">
        <div className="panel-head">
          <h2>Cameras</h2>
          {isAdmin && (
            <a className="button main-action" href={linkTo('cameras', { add: 1 })}>
              Add a camera
            </a>
          )}
        </div>
        <LoadedList
          of={cameras}
          empty={
            isAdmin ? 'No camera yet. Add one: its address is all that is needed.' : 'No camera is granted to you. Ask an administrator.'
          }
        >
          {(found) => <CameraRows api={api} cameras={found} isAdmin={isAdmin} mayManage={mayManage} onDeleted={onDeleted} />}
        </LoadedList>
      </section>
      {isAdmin && <DeletedCameras key={deletions} api={api} onRestored={onDeleted} />}
    </main>
  );
}

interface CameraRowsProps {
  api: Api;
  cameras: readonly CameraView[];
  isAdmin: boolean;
  mayManage: boolean;
  onDeleted: () => void;
}

function CameraRows({ api, cameras, isAdmin, mayManage, onDeleted }: CameraRowsProps) {
  const [search, setSearch] = useState<CameraSearch>({ text: '', state: 'all' });
  const found = cameras.length < searchedFrom ? cameras : searchCameras(cameras, search);
  return (
    <>
      <p className="empty" role="status">
        {countsText(cameras)}
      </p>
      {cameras.length >= searchedFrom && (
        <form className="fields" role="search" aria-label="Search cameras" onSubmit={(form) => form.preventDefault()}>
          <label>
            Name, place or address
            <input
              type="search"
              value={search.text}
              maxLength={100}
              onChange={({ target }) => setSearch((known) => ({ ...known, text: target.value }))}
            />
          </label>
          <label>
            State
            <select
              value={search.state}
              onChange={({ target }) => setSearch((known) => ({ ...known, state: target.value as CameraState }))}
            >
              {Object.entries(cameraStates).map(([state, name]) => (
                <option key={state} value={state}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </form>
      )}
      {found.length === 0 && <p className="empty">No camera fits.</p>}
      {found.length > 0 && (
        <LongList items={found} name="cameras">
          {(shown) => (
            <ul className="rows camera-rows">
              {shown.map((camera) => (
                <CameraRow key={camera.id} api={api} camera={camera} isAdmin={isAdmin} mayManage={mayManage} onDeleted={onDeleted} />
              ))}
            </ul>
          )}
        </LongList>
      )}
    </>
  );
}

/** Cameras that were deleted; their recordings and events are still there. */
function DeletedCameras({ api, onRestored }: { api: Api; onRestored: () => void }) {
  const action = useAction();
  const load = useCallback((signal: AbortSignal) => listDeletedCameras(api, signal), [api]);
  const deleted = useLoaded(load);
  const restore = (id: number) =>
    action.run(async () => {
      await restoreCamera(api, id);
      onRestored();
    });
  return (
    <section className="panel" aria-label="Deleted cameras">
      <h2>Deleted cameras</h2>
      <Problem text={action.problem} />
      <LoadedList of={deleted} empty="None. A deleted camera stands here until it is restored, with its recordings and events.">
        {(found) => (
          <ul className="rows">
            {found.map((camera) => (
              <li key={camera.id}>
                <span>{camera.name}</span>
                <button type="button" disabled={action.isBusy} onClick={() => void restore(camera.id)}>
                  Restore, switched off
                </button>
              </li>
            ))}
          </ul>
        )}
      </LoadedList>
    </section>
  );
}
