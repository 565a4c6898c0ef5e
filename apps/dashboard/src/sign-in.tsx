import { useState, type FormEvent } from 'react';
import { ApiError } from './api/answer.js';
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
  const [asksForCode, setAsksForCode] = useState(false);

  async function submit(form: FormEvent<HTMLFormElement>): Promise<void> {
    form.preventDefault();
    const fields = new FormData(form.currentTarget);
    setBusy(true);
    setProblem(undefined);
    try {
      const code = String(fields.get('code') ?? '').replaceAll(' ', '');
      const credentials = { username: String(fields.get('username')), password: String(fields.get('password')) };
      onSignedIn(await Api.signIn(code === '' ? credentials : { ...credentials, code }, onSignedOut));
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'mfa_required') setAsksForCode(true);
      else setProblem((error as Error).message);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form onSubmit={(form) => void submit(form)}>
        <h1>Nightjar</h1>
        {notice && !problem && (
          <p role="status" className="notice">
            {notice}
          </p>
        )}
        <label>
          User name
          <input name="username" autoComplete="username" required autoFocus maxLength={50} />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required maxLength={256} />
        </label>
        {asksForCode && (
          <label>
            Code of your authenticator
            <input name="code" inputMode="numeric" autoComplete="one-time-code" autoFocus maxLength={8} />
          </label>
        )}
        {problem && (
          <p role="alert" className="problem">
            {problem}
          </p>
        )}
        <button type="submit" className="main-action" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}
