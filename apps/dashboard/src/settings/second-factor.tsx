import { useState, type FormEvent } from 'react';
import { beginSecondFactor, disableSecondFactor, enableSecondFactor, renewRecoveryCodes, type NewSecret } from '../api/account.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';

/** Sets the caller's second factor up, or takes it away. `onChange` is called when everything that is shown once was put away. */
export function SecondFactor({ api, isOn, onChange }: { api: Api; isOn: boolean; onChange: () => void }) {
  const action = useAction();
  const [secret, setSecret] = useState<NewSecret>();
  const [codes, setCodes] = useState<readonly string[]>();
  const done = () => {
    setCodes(undefined);
    setSecret(undefined);
    onChange();
  };
  return (
    <section className="panel stack" aria-label="Second factor">
      <h2>Second factor</h2>
      {codes && <RecoveryCodes codes={codes} onDone={done} />}
      {!codes && !isOn && !secret && (
        <>
          <p>It is off. With it, a code of an authenticator app is asked for beside the password.</p>
          <button
            type="button"
            className="main-action"
            disabled={action.isBusy}
            onClick={() => void action.run(async () => setSecret(await beginSecondFactor(api)))}
          >
            Set up a second factor
          </button>
        </>
      )}
      {!codes && !isOn && secret && (
        <>
          <p>Enter this key in your authenticator app, or open the link on the device that has it. It is shown this once.</p>
          <p>
            <code data-testid="mfa-secret">{secret.secret}</code>
          </p>
          <p>
            <a href={secret.otpauth_url}>Add to the authenticator of this device</a>
          </p>
          <CodeForm
            label="Code that the app shows"
            verb="Switch it on"
            isBusy={action.isBusy}
            onCode={(code) => void action.run(async () => setCodes(await enableSecondFactor(api, code)))}
          />
        </>
      )}
      {!codes && isOn && (
        <>
          <p>It is on. A code of your authenticator is needed to change anything about it.</p>
          <CodeForm
            label="Code for new recovery codes"
            verb="Make new recovery codes"
            isBusy={action.isBusy}
            onCode={(code) => void action.run(async () => setCodes(await renewRecoveryCodes(api, code)))}
          />
          <CodeForm
            label="Code to switch it off"
            verb="Switch it off"
            isBusy={action.isBusy}
            onCode={(code) =>
              void action.run(async () => {
                await disableSecondFactor(api, code);
                done();
              })
            }
          />
        </>
      )}
      <Problem text={action.problem} />
    </section>
  );
}

function CodeForm({ isBusy, label, onCode, verb }: { isBusy: boolean; label: string; onCode: (code: string) => void; verb: string }) {
  const submit = (form: FormEvent<HTMLFormElement>) => {
    form.preventDefault();
    onCode(String(new FormData(form.currentTarget).get('code')).replaceAll(' ', ''));
  };
  return (
    <form className="fields" onSubmit={submit}>
      <label>
        {label}
        <input name="code" inputMode="numeric" autoComplete="one-time-code" required minLength={6} maxLength={9} />
      </label>
      <button type="submit" disabled={isBusy}>
        {verb}
      </button>
    </form>
  );
}

function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  return (
    <>
      <p>
        The second factor is on. Each of these codes stands in for your device once. <strong>They are shown now and never again</strong>:
        write them down.
      </p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <button type="button" className="main-action" onClick={onDone}>
        I have written them down
      </button>
    </>
  );
}
