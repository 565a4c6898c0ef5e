import type { CameraTransport, CameraView } from '@nightjar/contracts';
import { useState } from 'react';
import { addCamera, changeCamera, testAddress, type CameraFields, type Device } from '../api/cameras.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { connectionText } from './camera-words.js';
import { FindCameras } from './find-cameras.js';

/** Fields as they are typed: an empty text is none. */
interface Typed {
  name: string;
  location: string;
  description: string;
  rtspUrl: string;
  substreamUrl: string;
  onvifUrl: string;
  username: string;
  password: string;
  isActive: boolean;
  records: boolean;
  analyses: boolean;
  hears: boolean;
  transport: CameraTransport;
}

const transports: readonly [CameraTransport, string][] = [
  ['auto', 'as it can: TCP, else UDP'],
  ['tcp', 'over TCP only'],
  ['udp', 'over UDP only'],
];

/** Adds a camera, or changes one. */
export function CameraForm({ api, camera, onClose }: { api: Api; camera: CameraView | undefined; onClose: () => void }) {
  const [typed, setTyped] = useState<Typed>(() => typedOf(camera));
  const [tested, setTested] = useState<string>();
  const saving = useAction();
  const testing = useAction();
  const isSameAddress = saving.reason === 'duplicate_camera';
  const save = async (force: boolean) => {
    const done = await saving.run(async () => {
      if (camera) await changeCamera(api, camera.id, changedOf(fieldsOf(typed), fieldsOf(typedOf(camera))), { force });
      else await addCamera(api, fieldsOf(typed), { force });
    });
    if (done) onClose();
  };
  const test = () =>
    testing.run(async () => {
      setTested(undefined);
      setTested(
        connectionText(
          await testAddress(api, { rtsp_url: typed.rtspUrl.trim(), rtsp_transport: typed.transport, ...credentialsOf(typed) }),
        ),
      );
    });
  const take = (found: Partial<Typed>) => setTyped((known) => ({ ...known, ...found }));
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
      <CameraInputs typed={typed} onTyped={take} isNew={!camera} />
      <div className="tools">
        <button type="submit" className="main-action" disabled={saving.isBusy}>
          {camera ? 'Save' : 'Add'}
        </button>
        <button type="button" disabled={testing.isBusy || typed.rtspUrl.trim() === ''} onClick={() => void test()}>
          {testing.isBusy ? 'Connecting …' : 'Test the connection'}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
      {camera && <p className="empty">The test uses what stands here; the saved password is used by Test in the list.</p>}
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

function CameraInputs({ isNew, onTyped, typed }: { isNew: boolean; onTyped: (part: Partial<Typed>) => void; typed: Typed }) {
  const text = (name: keyof Typed, label: string, more: React.InputHTMLAttributes<HTMLInputElement> = {}) => (
    <label>
      {label}
      <input value={String(typed[name])} maxLength={100} onChange={({ target }) => onTyped({ [name]: target.value })} {...more} />
    </label>
  );
  const tick = (name: keyof Typed, label: string) => (
    <label className="tick-box">
      <input type="checkbox" checked={typed[name] === true} onChange={({ target }) => onTyped({ [name]: target.checked })} />
      {label}
    </label>
  );
  return (
    <>
      <div className="fields wide">
        {text('name', 'Name', { required: true })}
        {text('rtspUrl', 'RTSP address', { required: true, maxLength: 500, placeholder: 'rtsp://192.168.1.20/stream1', spellCheck: false })}
        {text('username', 'User name of the camera', { autoComplete: 'off' })}
        {text('password', isNew ? 'Password of the camera' : 'New password of the camera', {
          type: 'password',
          maxLength: 256,
          autoComplete: 'new-password',
        })}
        {text('substreamUrl', 'Address of a smaller stream (optional)', { maxLength: 500, spellCheck: false })}
        {text('onvifUrl', 'ONVIF address (optional)', { maxLength: 500, spellCheck: false })}
        <label>
          How it sends
          <select value={typed.transport} onChange={({ target }) => onTyped({ transport: target.value as CameraTransport })}>
            {transports.map(([transport, words]) => (
              <option key={transport} value={transport}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {text('location', 'Location (optional)', { maxLength: 200 })}
        {text('description', 'Description (optional)', { maxLength: 2_000 })}
      </div>
      <div className="fields">
        {tick('isActive', 'switched on')}
        {tick('records', 'record')}
        {tick('hears', 'with sound (AAC)')}
        {tick('analyses', 'analyse')}
      </div>
    </>
  );
}

function typedOf(camera: CameraView | undefined): Typed {
  return {
    name: camera?.name ?? '',
    location: camera?.location ?? '',
    description: camera?.description ?? '',
    rtspUrl: camera?.rtsp_url ?? '',
    substreamUrl: camera?.substream_url ?? '',
    onvifUrl: camera?.onvif_url ?? '',
    username: camera?.username ?? '',
    password: '',
    isActive: camera?.is_active ?? true,
    records: camera?.recording_enabled ?? true,
    analyses: camera?.analytics_enabled ?? true,
    hears: camera?.audio_enabled ?? false,
    transport: camera?.rtsp_transport ?? 'auto',
  };
}

function fieldsOf(typed: Typed): CameraFields {
  const orNull = (text: string) => text.trim() || null;
  return {
    name: typed.name.trim(),
    location: orNull(typed.location),
    description: orNull(typed.description),
    rtsp_url: typed.rtspUrl.trim(),
    substream_url: orNull(typed.substreamUrl),
    onvif_url: orNull(typed.onvifUrl),
    username: orNull(typed.username),
    password: typed.password || undefined,
    is_active: typed.isActive,
    recording_enabled: typed.records,
    analytics_enabled: typed.analyses,
    audio_enabled: typed.hears,
    rtsp_transport: typed.transport,
  };
}

/** Only what was changed is sent: somebody else may have changed the rest. */
function changedOf(now: CameraFields, before: CameraFields): Partial<CameraFields> {
  const names = Object.keys(now) as (keyof CameraFields)[];
  return Object.fromEntries(names.filter((name) => now[name] !== before[name]).map((name) => [name, now[name]]));
}

function credentialsOf({ password, username }: Typed): { username?: string; password?: string } {
  return { ...(username.trim() !== '' && { username: username.trim() }), ...(password !== '' && { password }) };
}
