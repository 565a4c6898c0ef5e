import type { FormEvent } from 'react';
import { makeFirstUser } from './api.js';
import { Problem } from './loading/problem.js';
import { useAction } from './loading/use-action.js';

/** Makes the first user of an installation, for whoever can read what the server printed. */
export function FirstUser({ onMade }: { onMade: () => void }) {
  const action = useAction();
  async function submit(form: FormEvent<HTMLFormElement>): Promise<void> {
    form.preventDefault();
    const fields = new FormData(form.currentTarget);
    const user = {
      username: String(fields.get('username')),
      password: String(fields.get('password')),
      setup_token: String(fields.get('setup_token')).trim(),
    };
    if (await action.run(() => makeFirstUser(user))) onMade();
  }
  return (
    <main className="sign-in">
      <form onSubmit={(form) => void submit(form)}>
        <h1>Welcome to Nightjar</h1>
        <p className="notice">Nobody can sign in yet. The setup token stands in the log of the NVR, since its last start.</p>
        <label>
          Setup token
          <input name="setup_token" autoComplete="off" required minLength={8} maxLength={128} autoFocus />
        </label>
        <label>
          Name of the administrator
          <input name="username" autoComplete="username" required maxLength={50} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="new-password" required maxLength={256} />
        </label>
        <Problem text={action.problem} />
        <button type="submit" className="main-action" disabled={action.isBusy}>
          Make the administrator
        </button>
      </form>
    </main>
  );
}
