import type { FormEvent } from 'react';
import { makeFirstUser } from './api.js';
import { FieldProblem } from './loading/field-problem.js';
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
          <input name="setup_token" autoComplete="off" spellCheck={false} required minLength={8} maxLength={128} autoFocus />
          <FieldProblem text={action.fields.get('setup_token')} />
        </label>
        <label>
          Name of the administrator
          <input name="username" autoComplete="username" required maxLength={50} aria-invalid={action.fields.has('username')} />
          <FieldProblem text={action.fields.get('username')} />
        </label>
        <label>
          Password
          <input
            name="password"
            type="password"
            autoComplete="new-password"
            required
            maxLength={256}
            aria-invalid={action.fields.has('password')}
          />
          <span className="empty">8 characters of three kinds, or 16 of any.</span>
          <FieldProblem text={action.fields.get('password')} />
        </label>
        <Problem text={action.fields.size > 0 ? undefined : action.problem} />
        <button type="submit" className="main-action" disabled={action.isBusy}>
          Make the administrator
        </button>
      </form>
    </main>
  );
}
