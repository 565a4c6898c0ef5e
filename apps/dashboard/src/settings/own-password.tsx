import { useState, type FormEvent } from 'react';
import { changePassword } from '../api/account.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';

/** Changes the caller's own password. */
export function OwnPassword({ api }: { api: Api }) {
  const action = useAction();
  const [isChanged, setIsChanged] = useState(false);
  async function submit(form: FormEvent<HTMLFormElement>): Promise<void> {
    form.preventDefault();
    const element = form.currentTarget;
    const fields = new FormData(element);
    setIsChanged(false);
    if (!(await action.run(() => changePassword(api, String(fields.get('current')), String(fields.get('new')))))) return;
    element.reset();
    setIsChanged(true);
  }
  return (
    <section className="panel stack" aria-label="Password">
      <h2>Password</h2>
      <form className="fields" onSubmit={(form) => void submit(form)}>
        <label>
          Password of now
          <input name="current" type="password" autoComplete="current-password" required maxLength={256} />
        </label>
        <label>
          New password
          <input name="new" type="password" autoComplete="new-password" required maxLength={256} />
        </label>
        <button type="submit" disabled={action.isBusy}>
          Change the password
        </button>
      </form>
      {isChanged && <p role="status">Changed. Your other sessions have ended.</p>}
      <Problem text={action.problem} />
    </section>
  );
}
