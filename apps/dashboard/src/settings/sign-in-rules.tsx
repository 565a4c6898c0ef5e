import { useCallback, useState, type FormEvent } from 'react';
import { changePasswordPolicy, readPasswordPolicy, type PasswordPolicy } from '../api/access.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';

type NumberField = { [Name in keyof PasswordPolicy]: PasswordPolicy[Name] extends number ? Name : never }[keyof PasswordPolicy];
type FlagField = Exclude<keyof PasswordPolicy, NumberField>;

const numbers: readonly { name: NumberField; label: string; min: number; max: number }[] = [
  { name: 'min_length', label: 'Characters, at least', min: 8, max: 128 },
  { name: 'min_classes', label: 'Kinds of characters, at least', min: 1, max: 4 },
  { name: 'passphrase_min_length', label: 'Characters of a phrase, at least', min: 12, max: 128 },
  { name: 'history_count', label: 'Former passwords that are refused', min: 0, max: 24 },
  { name: 'max_failed_attempts', label: 'Failures that lock a name', min: 3, max: 20 },
  { name: 'lockout_minutes', label: 'Minutes it is locked', min: 1, max: 1_440 },
];
const flags: readonly { name: FlagField; label: string }[] = [
  { name: 'disallow_username_email', label: 'refuse a password with the user name or e-mail address in it' },
  { name: 'passphrase_enabled', label: 'take a long phrase of any characters' },
  { name: 'require_mfa_for_privileged', label: 'ask a second factor of who manages anything' },
];

/** What a password must be like, and when a name is locked. */
export function SignInRules({ api }: { api: Api }) {
  const load = useCallback((signal: AbortSignal) => readPasswordPolicy(api, signal), [api]);
  const { problem, reload, value: policy } = useLoaded(load);
  const action = useAction();
  const [isSaved, setIsSaved] = useState(false);
  const submit = async (form: FormEvent<HTMLFormElement>) => {
    form.preventDefault();
    const fields = new FormData(form.currentTarget);
    const change = Object.fromEntries([
      ...numbers.map(({ name }) => [name, Number(fields.get(name))]),
      ...flags.map(({ name }) => [name, fields.has(name)]),
    ]) as PasswordPolicy;
    setIsSaved(false);
    setIsSaved(
      await action.run(async () => {
        await changePasswordPolicy(api, change);
      }),
    );
  };
  return (
    <section className="panel" aria-label="Sign-in rules">
      <h2>Passwords and sign-in</h2>
      <Problem text={problem} onRetry={reload} />
      {!policy && !problem && <p className="empty">Loading …</p>}
      {policy && (
        <form className="stack" onSubmit={(form) => void submit(form)}>
          <div className="fields">
            {numbers.map(({ label, max, min, name }) => (
              <label key={name}>
                {label}
                <input name={name} type="number" required min={min} max={max} defaultValue={policy[name]} />
              </label>
            ))}
          </div>
          {flags.map(({ label, name }) => (
            <label key={name} className="tick-box">
              <input name={name} type="checkbox" defaultChecked={policy[name]} />
              {label}
            </label>
          ))}
          <button type="submit" className="main-action" disabled={action.isBusy}>
            Save
          </button>
          {isSaved && <p role="status">Saved. It holds everywhere within five seconds.</p>}
          <Problem text={action.problem} />
        </form>
      )}
    </section>
  );
}
