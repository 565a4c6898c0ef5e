import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState, type FormEvent } from 'react';
import { addUser, changeUser, deleteUser, listRoles, listUsers, unlockUser, type Role, type User, type UserChange } from '../api/access.js';
import { listCameras } from '../api/cameras.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { LongList } from '../loading/long-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { CameraGrants } from './camera-grants.js';

const adminRoleId = 1;
const viewerRoleId = 3;

/** Users: who they are, what they may, which cameras they see. */
export function Users({ api, ownId }: { api: Api; ownId: number }) {
  const loadUsers = useCallback((signal: AbortSignal) => listUsers(api, signal), [api]);
  const loadRoles = useCallback((signal: AbortSignal) => listRoles(api, signal), [api]);
  const loadCameras = useCallback((signal: AbortSignal) => listCameras(api, signal, { withInactive: true }), [api]);
  const users = useLoaded(loadUsers);
  const roles = useLoaded(loadRoles);
  const cameras = useLoaded(loadCameras);
  return (
    <>
      <section className="panel" aria-label="Users">
        <h2>Users</h2>
        <Problem text={roles.problem} onRetry={roles.reload} />
        <Problem text={cameras.problem} onRetry={cameras.reload} />
        <LoadedList of={users} empty="No users. That should not be: somebody reads this.">
          {(found) => (
            <LongList items={found} name="users" textOf={({ role_name, username }) => `${username} ${role_name}`}>
              {(shown) => (
                <ul className="rows">
                  {shown.map((user) => (
                    <UserRow
                      key={user.id}
                      api={api}
                      user={user}
                      roles={roles.value ?? []}
                      cameras={cameras.value ?? []}
                      isSelf={user.id === ownId}
                      onChange={users.reload}
                    />
                  ))}
                </ul>
              )}
            </LongList>
          )}
        </LoadedList>
      </section>
      <NewUser api={api} roles={roles.value ?? []} onAdded={users.reload} />
    </>
  );
}

interface UserRowProps {
  api: Api;
  user: User;
  roles: readonly Role[];
  cameras: readonly CameraView[];
  isSelf: boolean;
  onChange: () => void;
}

function UserRow({ api, cameras, isSelf, onChange, roles, user }: UserRowProps) {
  const action = useAction();
  const [opened, setOpened] = useState<'cameras' | 'password' | 'deletion'>();
  const run = (work: () => Promise<unknown>) =>
    action.run(async () => {
      await work();
      setOpened(undefined);
      onChange();
    });
  const change = (fields: UserChange) => run(() => changeUser(api, user.id, fields));
  const open = (what: typeof opened) => setOpened(opened === what ? undefined : what);
  return (
    <li data-testid="user-row">
      <div>
        <strong>{user.username}</strong> {isSelf && <span className="empty">(you)</span>}
        <p className="empty">{`${user.is_active ? '' : 'switched off, '}${user.mfa_enabled ? 'with' : 'without'} a second factor`}</p>
        <Problem text={action.problem} />
      </div>
      <div className="tools">
        <select
          aria-label={`Role of ${user.username}`}
          value={user.role_id}
          disabled={action.isBusy}
          onChange={({ target }) => void change({ role_id: Number(target.value) })}
        >
          {!roles.some(({ id }) => id === user.role_id) && <option value={user.role_id}>{user.role_name}</option>}
          {roles.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        {user.role_id !== adminRoleId && (
          <button type="button" aria-expanded={opened === 'cameras'} onClick={() => open('cameras')}>
            Cameras
          </button>
        )}
        {!isSelf && (
          <>
            <button type="button" aria-expanded={opened === 'password'} onClick={() => open('password')}>
              New password
            </button>
            <button type="button" disabled={action.isBusy} onClick={() => void run(() => unlockUser(api, user.id))}>
              {user.is_active ? 'Unlock' : 'Switch on'}
            </button>
            {user.is_active && (
              <button type="button" disabled={action.isBusy} onClick={() => void change({ is_active: false })}>
                Switch off
              </button>
            )}
            {user.mfa_enabled && (
              <button type="button" disabled={action.isBusy} onClick={() => void change({ mfa_enabled: false })}>
                Take the second factor away
              </button>
            )}
            <button type="button" aria-expanded={opened === 'deletion'} onClick={() => open('deletion')}>
              Delete
            </button>
          </>
        )}
      </div>
      {opened === 'cameras' && <CameraGrants api={api} user={user} cameras={cameras} onSaved={() => setOpened(undefined)} />}
      {opened === 'password' && <PasswordForm isBusy={action.isBusy} onPassword={(password) => void change({ password })} />}
      {opened === 'deletion' && (
        <button type="button" autoFocus disabled={action.isBusy} onClick={() => void run(() => deleteUser(api, user.id))}>
          {`Really delete ${user.username}`}
        </button>
      )}
    </li>
  );
}

function PasswordForm({ isBusy, onPassword }: { isBusy: boolean; onPassword: (password: string) => void }) {
  const submit = (form: FormEvent<HTMLFormElement>) => {
    form.preventDefault();
    onPassword(String(new FormData(form.currentTarget).get('password')));
  };
  return (
    <form className="fields" onSubmit={submit}>
      <label>
        New password; all sessions of the user end
        <input name="password" type="password" autoComplete="new-password" required maxLength={256} autoFocus />
      </label>
      <button type="submit" disabled={isBusy}>
        Set it
      </button>
    </form>
  );
}

function NewUser({ api, onAdded, roles }: { api: Api; onAdded: () => void; roles: readonly Role[] }) {
  const action = useAction();
  async function submit(form: FormEvent<HTMLFormElement>): Promise<void> {
    form.preventDefault();
    const element = form.currentTarget;
    const fields = new FormData(element);
    const user = {
      username: String(fields.get('username')).trim(),
      password: String(fields.get('password')),
      role_id: Number(fields.get('role')),
    };
    const done = await action.run(async () => {
      await addUser(api, user);
    });
    if (!done) return;
    element.reset();
    onAdded();
  }
  return (
    <section className="panel stack" aria-label="Add a user">
      <h2>Add a user</h2>
      <form className="fields" onSubmit={(form) => void submit(form)}>
        <label>
          User name
          <input name="username" autoComplete="off" required maxLength={50} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="new-password" required maxLength={256} />
        </label>
        <label>
          Role
          <select key={roles.length} name="role" defaultValue={viewerRoleId}>
            {roles.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" className="main-action" disabled={action.isBusy || roles.length === 0}>
          Add the user
        </button>
      </form>
      <p className="empty">Who is no administrator sees only cameras that are granted to him: choose them in the list above.</p>
      <Problem text={action.problem} />
    </section>
  );
}
