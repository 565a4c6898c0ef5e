import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { deleteCamera, listCameras, listDeletedCameras, restoreCamera, testCamera } from '../api/cameras.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { idOf, linkTo } from '../navigation/route.js';
import { goTo } from '../navigation/use-route.js';
import { AnalyticsEditor } from './analytics-editor.js';
import { CameraForm } from './camera-form.js';
import { connectionText, recordingText, statusText } from './camera-words.js';
import { DecodeState } from './decode-state.js';
import './cameras.css';

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
  const find = (name: string) => cameras.value?.find(({ id }) => id === idOf(parameters, name));
  const edited = find('edit');
  const analysed = find('analytics');
  const close = () => {
    cameras.reload();
    goTo(linkTo('cameras'));
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
        <AnalyticsEditor key={analysed.id} api={api} camera={analysed} onClose={close} />
      </main>
    );
  return (
    <main className="page">
      {isAdmin && (
        <p>
          <a className="button main-action" href={linkTo('cameras', { add: 1 })}>
            Add a camera
          </a>
        </p>
      )}
      <section className="panel" aria-label="Cameras">
        <h2>Cameras</h2>
        <LoadedList
          of={cameras}
          empty={
            isAdmin ? 'No camera yet. Add one: its address is all that is needed.' : 'No camera is granted to you. Ask an administrator.'
          }
        >
          {(found) => (
            <ul className="rows">
              {found.map((camera) => (
                <CameraRow key={camera.id} api={api} camera={camera} isAdmin={isAdmin} mayManage={mayManage} onChange={cameras.reload} />
              ))}
            </ul>
          )}
        </LoadedList>
      </section>
      {isAdmin && <DeletedCameras api={api} cameras={cameras.value} onRestored={cameras.reload} />}
    </main>
  );
}

interface CameraRowProps {
  api: Api;
  camera: CameraView;
  isAdmin: boolean;
  mayManage: boolean;
  onChange: () => void;
}

function CameraRow({ api, camera, isAdmin, mayManage, onChange }: CameraRowProps) {
  const action = useAction();
  const [isAsking, setIsAsking] = useState(false);
  const [tested, setTested] = useState<string>();
  const remove = () =>
    action.run(async () => {
      await deleteCamera(api, camera.id);
      onChange();
    });
  return (
    <li data-testid="camera-row">
      <div>
        <strong>{camera.name}</strong> {camera.location && <span className="empty">{camera.location}</span>}
        <p className={camera.status === 'offline' ? 'problem' : camera.status === 'online' ? 'live' : 'empty'}>{statusText(camera)}</p>
        <p className="empty">{recordingText(camera)}</p>
        {tested && <p role="status">{tested}</p>}
        {camera.is_active && camera.analytics_enabled && <DecodeState api={api} cameraId={camera.id} />}
        <Problem text={action.problem} />
      </div>
      <div className="tools">
        {mayManage && (
          <>
            <button
              type="button"
              disabled={action.isBusy}
              onClick={() => void action.run(async () => setTested(connectionText(await testCamera(api, camera.id))))}
            >
              Test
            </button>
            <a className="button" href={linkTo('cameras', { analytics: camera.id })}>
              Analytics
            </a>
          </>
        )}
        {isAdmin && (
          <a className="button" href={linkTo('cameras', { edit: camera.id })}>
            Edit
          </a>
        )}
        {isAdmin && !isAsking && (
          <button type="button" onClick={() => setIsAsking(true)}>
            Delete
          </button>
        )}
        {isAdmin && isAsking && (
          <>
            <button type="button" autoFocus disabled={action.isBusy} onClick={() => void remove()}>
              {`Really delete ${camera.name}`}
            </button>
            <button type="button" onClick={() => setIsAsking(false)}>
              Keep it
            </button>
          </>
        )}
      </div>
    </li>
  );
}

/** Cameras that were deleted; their recordings and events are still there. */
function DeletedCameras({ api, cameras, onRestored }: { api: Api; cameras: readonly CameraView[] | undefined; onRestored: () => void }) {
  const action = useAction();
  // The list of those that are there is read anew after each deletion: so is this one.
  const load = useCallback((signal: AbortSignal) => (cameras ? listDeletedCameras(api, signal) : Promise.resolve([])), [api, cameras]);
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
