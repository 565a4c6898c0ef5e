import type { CameraView } from '@nightjar/contracts';
import { useState } from 'react';
import { deleteCamera, testCamera } from '../api/cameras.js';
import { readDecoding } from '../api/decoding.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { linkTo } from '../navigation/route.js';
import { connectionText, recordingText, statusText } from './camera-words.js';
import { decodeText } from './decode-words.js';

const decodingMsMax = 10_000;

interface CameraRowProps {
  api: Api;
  camera: CameraView;
  isAdmin: boolean;
  mayManage: boolean;
  onDeleted: () => void;
}

/** A camera of the list: how it is, where it is seen, and what is done with it. */
export function CameraRow({ api, camera, isAdmin, mayManage, onDeleted }: CameraRowProps) {
  const action = useAction();
  const [told, setTold] = useState<string>();
  const tell = (ask: () => Promise<string>) =>
    action.run(async () => {
      setTold(undefined);
      setTold(await ask());
    });
  const isSeen = camera.is_active;
  return (
    <li data-testid="camera-row">
      <div className="camera-state">
        <strong>{isSeen ? <a href={linkTo('live', { camera: camera.id })}>{camera.name}</a> : camera.name}</strong>{' '}
        {camera.location && <span className="empty">{camera.location}</span>}
        <p>
          <span className={camera.status === 'offline' && isSeen ? 'problem' : camera.status === 'online' && isSeen ? 'live' : 'empty'}>
            {statusText(camera)}
          </span>
          <span className="empty">{` · ${recordingText(camera)}${camera.analytics_enabled ? '' : ' · not analysed'}`}</span>
        </p>
      </div>
      <div className="tools">
        <a className="button" href={linkTo('timeline', { camera: camera.id })}>
          Recordings
        </a>
        {mayManage && (
          <>
            <button
              type="button"
              disabled={action.isBusy}
              onClick={() => void tell(async () => connectionText(await testCamera(api, camera.id)))}
            >
              Test
            </button>
            <a className="button" href={linkTo('cameras', { analytics: camera.id })}>
              Analytics
            </a>
          </>
        )}
        {isSeen && camera.analytics_enabled && (
          <button
            type="button"
            disabled={action.isBusy}
            onClick={() => void tell(async () => decodeText(await readDecoding(api, camera.id, AbortSignal.timeout(decodingMsMax))))}
          >
            What is decoded?
          </button>
        )}
        {isAdmin && (
          <a className="button" href={linkTo('cameras', { edit: camera.id })}>
            Edit
          </a>
        )}
        {isAdmin && (
          <Deletion
            name={camera.name}
            isBusy={action.isBusy}
            onDelete={() => action.run(() => deleteCamera(api, camera.id).then(onDeleted))}
          />
        )}
      </div>
      {(told !== undefined || action.problem !== undefined) && (
        <div className="told">
          {told && <p role="status">{told}</p>}
          <Problem text={action.problem} />
        </div>
      )}
    </li>
  );
}

/** Asks once more before something is gone. */
function Deletion({ isBusy, name, onDelete }: { name: string; isBusy: boolean; onDelete: () => Promise<unknown> }) {
  const [isAsking, setIsAsking] = useState(false);
  if (!isAsking)
    return (
      <button type="button" onClick={() => setIsAsking(true)}>
        Delete
      </button>
    );
  return (
    <>
      <button type="button" className="dangerous" autoFocus disabled={isBusy} onClick={() => void onDelete()}>
        {`Really delete ${name}`}
      </button>
      <button type="button" onClick={() => setIsAsking(false)}>
        Keep it
      </button>
    </>
  );
}
