import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { addKey, listKeys, revokeKey, type Key } from '../api/access.js';
import { listCameras } from '../api/cameras.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { LongList } from '../loading/long-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { momentOfInput } from '../timeline/local-time.js';
import { TickList } from './tick-list.js';

const scopes = ['cameras:read', 'recordings:read', 'events:read', 'streams:manage', 'inference:run'].map((value) => ({
  value,
  name: value,
}));
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Keys of other programs. A key is shown once. */
export function ApiKeys({ api }: { api: Api }) {
  const load = useCallback((signal: AbortSignal) => listKeys(api, signal), [api]);
  const loadCameras = useCallback((signal: AbortSignal) => listCameras(api, signal, { withInactive: true }), [api]);
  const keys = useLoaded(load);
  const loaded = useLoaded(loadCameras);
  const cameras = loaded.value ?? [];
  return (
    <>
      <Problem text={loaded.problem} onRetry={loaded.reload} />
      <NewKey api={api} cameras={cameras} onAdded={keys.reload} />
      <section className="panel" aria-label="API keys">
        <h2>API keys</h2>
        <LoadedList of={keys} empty="No key yet. Other programs need one to read cameras, recordings or events.">
          {(found) => (
            <LongList items={found} name="keys" textOf={({ name, prefix, status }) => `${name} ${prefix} ${status}`}>
              {(shown) => (
                <ul className="rows">
                  {shown.map((key) => (
                    <KeyRow key={key.id} api={api} apiKey={key} cameras={cameras} onChange={keys.reload} />
                  ))}
                </ul>
              )}
            </LongList>
          )}
        </LoadedList>
      </section>
    </>
  );
}

function KeyRow({ api, apiKey, cameras, onChange }: { api: Api; apiKey: Key; cameras: readonly CameraView[]; onChange: () => void }) {
  const action = useAction();
  const { camera_ids: cameraIds, expires_at: expiresAt, last_used_at: lastUsedAt } = apiKey;
  const seen =
    cameraIds === 'all'
      ? 'all cameras'
      : cameraIds.map((id) => cameras.find((camera) => camera.id === id)?.name ?? `camera ${id}`).join(', ');
  const revoke = () =>
    action.run(async () => {
      await revokeKey(api, apiKey.id);
      onChange();
    });
  return (
    <li>
      <div>
        <strong>{apiKey.name}</strong> <code>{`${apiKey.prefix}…`}</code> <span className="empty">{apiKey.status}</span>
        <p>{`${apiKey.scopes.join(', ')}: ${seen}`}</p>
        <p className="empty">
          {lastUsedAt === null ? 'never used' : `last used ${moment.format(Date.parse(lastUsedAt))}`}
          {expiresAt !== null && `, until ${moment.format(Date.parse(expiresAt))}`}
        </p>
        <Problem text={action.problem} />
      </div>
      {apiKey.status === 'active' && (
        <button type="button" disabled={action.isBusy} onClick={() => void revoke()}>
          Revoke
        </button>
      )}
    </li>
  );
}

function NewKey({ api, cameras, onAdded }: { api: Api; cameras: readonly CameraView[]; onAdded: () => void }) {
  const action = useAction();
  const [name, setName] = useState('');
  const [granted, setGranted] = useState<readonly string[]>(['events:read']);
  const [seesAll, setSeesAll] = useState(false);
  const [cameraIds, setCameraIds] = useState<readonly number[]>([]);
  const [expires, setExpires] = useState('');
  const [made, setMade] = useState<string>();
  const add = () =>
    action.run(async () => {
      const until = momentOfInput(expires);
      const expiresAt = until === undefined ? null : new Date(until * 1_000).toISOString();
      setMade(await addKey(api, { name: name.trim(), scopes: granted, camera_ids: seesAll ? 'all' : cameraIds, expires_at: expiresAt }));
      setName('');
      onAdded();
    });
  return (
    <section className="panel" aria-label="Make a key">
      <h2>Make a key</h2>
      {made !== undefined && (
        <div className="stack recommended" role="status">
          <p>This is the key. It is shown now and never again.</p>
          <code data-testid="made-key">{made}</code>
          <button type="button" onClick={() => setMade(undefined)}>
            I have it
          </button>
        </div>
      )}
      <form
        className="stack"
        onSubmit={(form) => {
          form.preventDefault();
          void add();
        }}
      >
        <label>
          What it is for
          <input value={name} required maxLength={100} onChange={({ target }) => setName(target.value)} />
        </label>
        <TickList legend="It may" options={scopes} chosen={granted} onChosen={setGranted} />
        <label className="tick-box">
          <input type="checkbox" checked={seesAll} onChange={({ target }) => setSeesAll(target.checked)} />
          all cameras, also those that come
        </label>
        {!seesAll && (
          <TickList
            legend="of these cameras"
            options={cameras.map((camera) => ({ value: camera.id, name: camera.name }))}
            chosen={cameraIds}
            onChosen={setCameraIds}
          />
        )}
        <label>
          Valid until (optional)
          <input type="datetime-local" value={expires} onChange={({ target }) => setExpires(target.value)} />
        </label>
        <button
          type="submit"
          className="main-action"
          disabled={action.isBusy || granted.length === 0 || (!seesAll && cameraIds.length === 0)}
        >
          Make the key
        </button>
        <Problem text={action.problem} />
      </form>
    </section>
  );
}
