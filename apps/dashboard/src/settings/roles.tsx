import { useCallback, useState } from 'react';
import { addRole, changeRole, deleteRole, listPermissions, listRoles, type Role } from '../api/access.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { TickList } from './tick-list.js';

const optionsOf = (permissions: readonly string[]) => permissions.map((value) => ({ value, name: value }));

/** Roles and what they hold. Those that come with the NVR stay as they are. */
export function Roles({ api }: { api: Api }) {
  const loadRoles = useCallback((signal: AbortSignal) => listRoles(api, signal), [api]);
  const loadPermissions = useCallback((signal: AbortSignal) => listPermissions(api, signal), [api]);
  const roles = useLoaded(loadRoles);
  const permissions = useLoaded(loadPermissions);
  return (
    <>
      <section className="panel" aria-label="Roles">
        <h2>Roles</h2>
        <Problem text={permissions.problem} onRetry={permissions.reload} />
        <LoadedList of={roles} empty="No roles.">
          {(found) => (
            <ul className="rows">
              {found.map((role) => (
                <RoleRow key={role.id} api={api} role={role} permissions={permissions.value ?? []} onChange={roles.reload} />
              ))}
            </ul>
          )}
        </LoadedList>
      </section>
      <NewRole api={api} permissions={permissions.value ?? []} onAdded={roles.reload} />
    </>
  );
}

interface RoleRowProps {
  api: Api;
  role: Role;
  permissions: readonly string[];
  onChange: () => void;
}

function RoleRow({ api, onChange, permissions, role }: RoleRowProps) {
  const action = useAction();
  const [chosen, setChosen] = useState<readonly string[]>(role.permissions);
  const run = (work: () => Promise<unknown>) =>
    action.run(async () => {
      await work();
      onChange();
    });
  return (
    <li>
      <div>
        <strong>{role.name}</strong> <span className="empty">{role.description}</span>
        {role.is_builtin ? (
          <p className="empty">{role.permissions.join(', ')}</p>
        ) : (
          <TickList legend="It may" options={optionsOf(permissions)} chosen={chosen} onChosen={setChosen} />
        )}
        <Problem text={action.problem} />
      </div>
      {!role.is_builtin && (
        <div className="tools">
          <button type="button" disabled={action.isBusy} onClick={() => void run(() => changeRole(api, role.id, chosen))}>
            Save
          </button>
          <button type="button" disabled={action.isBusy} onClick={() => void run(() => deleteRole(api, role.id))}>
            Delete
          </button>
        </div>
      )}
    </li>
  );
}

function NewRole({ api, onAdded, permissions }: { api: Api; onAdded: () => void; permissions: readonly string[] }) {
  const action = useAction();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>(['cameras.view']);
  const add = async () => {
    const done = await action.run(async () => {
      await addRole(api, { name: name.trim(), permissions: chosen });
    });
    if (!done) return;
    setName('');
    onAdded();
  };
  return (
    <section className="panel" aria-label="Add a role">
      <h2>Add a role</h2>
      <form
        className="stack"
        onSubmit={(form) => {
          form.preventDefault();
          void add();
        }}
      >
        <label>
          Name of the role
          <input value={name} required maxLength={50} onChange={({ target }) => setName(target.value)} />
        </label>
        <TickList legend="It may" options={optionsOf(permissions)} chosen={chosen} onChosen={setChosen} />
        <button type="submit" className="main-action" disabled={action.isBusy}>
          Add the role
        </button>
        <Problem text={action.problem} />
      </form>
    </section>
  );
}
