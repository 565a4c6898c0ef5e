import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { listGrants, replaceGrants, type User } from '../api/access.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { TickList } from './tick-list.js';

interface CameraGrantsProps {
  api: Api;
  user: User;
  cameras: readonly CameraView[];
  onSaved: () => void;
}

/** Cameras that a user may see beside his own. */
export function CameraGrants({ api, cameras, onSaved, user }: CameraGrantsProps) {
  const load = useCallback((signal: AbortSignal) => listGrants(api, user.id, signal), [api, user.id]);
  const { problem, reload, value: granted } = useLoaded(load);
  const [changed, setChanged] = useState<readonly number[]>();
  const action = useAction();
  const chosen = changed ?? granted;
  const save = async () => {
    if (chosen && (await action.run(() => replaceGrants(api, user.id, chosen)))) onSaved();
  };
  return (
    <div className="stack">
      <Problem text={problem} onRetry={reload} />
      {!chosen && !problem && <p className="empty">Loading …</p>}
      {chosen && (
        <>
          <TickList
            legend={`Cameras that ${user.username} may see`}
            options={cameras.map(({ id, name }) => ({ value: id, name }))}
            chosen={chosen}
            onChosen={setChanged}
          />
          <button type="button" disabled={action.isBusy} onClick={() => void save()}>
            Save
          </button>
        </>
      )}
      <Problem text={action.problem} />
    </div>
  );
}
