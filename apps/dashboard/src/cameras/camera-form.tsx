import type { CameraView } from '@nightjar/contracts';
import { useState } from 'react';
import { addCamera, changeCamera, testAddress, testCamera, type Device } from '../api/cameras.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { changedOf, credentialsOf, fieldsOf, triedOf, typedOf, type Typed } from './camera-fields.js';
import { CameraInputs } from './camera-inputs.js';
import { connectionText } from './camera-words.js';
import { FindCameras } from './find-cameras.js';

interface CameraFormProps {
  api: Api;
  /** Undefined: a new one. */
  camera: CameraView | undefined;
  /** @param saved as it is now, if it was saved */
  onClose: (saved?: CameraView) => void;
}

/** Adds a camera, or changes one. */
export function CameraForm({ api, camera, onClose }: CameraFormProps) {
  const [typed, setTyped] = useState<Typed>(() => typedOf(camera));
  const [tested, setTested] = useState<string>();
  const saving = useAction();
  const testing = useAction();
  const isSameAddress = saving.reason === 'duplicate_camera';
  const save = async (force: boolean) => {
    testing.forget();
    await saving.run(async () => {
      const fields = fieldsOf(typed);
      if (camera) onClose(await changeCamera(api, camera.id, changedOf(fields, fieldsOf(typedOf(camera))), { force }));
      else onClose(await addCamera(api, fields, { force }));
    });
  };
  const connect = () =>
    camera
      ? testCamera(api, camera.id, triedOf(typed, camera))
      : testAddress(api, { rtsp_url: typed.rtspUrl.trim(), rtsp_transport: typed.transport, ...credentialsOf(typed) });
  const test = () => {
    saving.forget();
    return testing.run(async () => {
      setTested(undefined);
      setTested(connectionText(await connect()));
    });
  };
  const take = (found: Partial<Typed>) => {
    setTyped((known) => ({ ...known, ...found }));
    // What was found was found of other settings.
    setTested(undefined);
  };
  return (
    <form
      className="panel stack"
      aria-label={camera ? `Edit ${camera.name}` : 'Add a camera'}
      onSubmit={(form) => {
        form.preventDefault();
        void save(false);
      }}
    >
      <h2>{camera ? `Edit ${camera.name}` : 'Add a camera'}</h2>
      {!camera && (
        <FindCameras
          api={api}
          credentials={credentialsOf(typed)}
          onFound={(device: Device, streams) =>
            take({
              name: typed.name || (device.name ?? device.address),
              rtspUrl: streams.rtsp_url ?? '',
              substreamUrl: streams.substream_url ?? '',
              onvifUrl: device.onvif_url,
            })
          }
        />
      )}
      <CameraInputs typed={typed} onTyped={take} isNew={!camera} problems={new Map([...testing.fields, ...saving.fields])} />
      <div className="tools">
        <button type="submit" className="main-action" disabled={saving.isBusy}>
          {camera ? 'Save' : 'Add'}
        </button>
        <button type="button" disabled={testing.isBusy || typed.rtspUrl.trim() === ''} onClick={() => void test()}>
          {testing.isBusy ? 'Connecting …' : 'Test the connection'}
        </button>
        <button type="button" onClick={() => onClose()}>
          Cancel
        </button>
      </div>
      {tested && <p role="status">{tested}</p>}
      <Problem text={testing.problem} />
      <Problem text={saving.problem} />
      {isSameAddress && (
        <button type="button" disabled={saving.isBusy} onClick={() => void save(true)}>
          Save it all the same
        </button>
      )}
    </form>
  );
}
