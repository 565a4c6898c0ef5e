import { useState, type FormEvent } from 'react';
import { Api } from './api.js';

/** Asks who is there. `notice` tells why the last session ended. */
export function SignIn({
  notice,
  onSignedIn,
  onSignedOut,
}: {
  notice: string | undefined;
  onSignedIn: (api: Api) => void;
  onSignedOut: () => void;
}) {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function submit(form: FormEvent<HTMLFormElement>): Promise<void> {
    form.preventDefault();
    const fields = new FormData(form.currentTarget);
    setBusy(true);
    setProblem(undefined);
    try {
      onSignedIn(await Api.signIn({ username: String(fields.get('username')), password: String(fields.get('password')) }, onSignedOut));
    } catch (error) {
      setProblem((error as Error).message);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form onSubmit={(form) => void submit(form)}>
        <h1>Nightjar</h1>
        {notice && !problem && <p className="notice">{notice}</p>}
        <label>
          User name
          <input name="username" autoComplete="username" required autoFocus maxLength={50} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required maxLength={256} />
        </label>
        {problem && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
        <button type="submit" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
