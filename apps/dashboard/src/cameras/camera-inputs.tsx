import type { CameraTransport, TransportSecurity } from '@nightjar/contracts';
import { FieldProblem } from '../loading/field-problem.js';
import { apiNames, type Typed } from './camera-fields.js';

const transports: readonly [CameraTransport, string][] = [
  ['auto', 'as it can: TCP, else UDP'],
  ['tcp', 'over TCP only'],
  ['udp', 'over UDP only'],
];
const securities: readonly [TransportSecurity, string][] = [
  ['plaintext_allowed', 'as its address says'],
  ['rtsps_preferred', 'as its address says, better encrypted'],
  ['rtsps_required', 'encrypted (rtsps://) or not at all'],
];

interface CameraInputsProps {
  typed: Typed;
  onTyped: (part: Partial<Typed>) => void;
  isNew: boolean;
  /** What is wrong with which field, as the API calls it. */
  problems: ReadonlyMap<string, string>;
}

/** All settings of a camera. */
export function CameraInputs({ isNew, onTyped, problems, typed }: CameraInputsProps) {
  const problemOf = (name: keyof Typed) => problems.get(apiNames[name]);
  const text = (name: keyof Typed, label: string, more: React.InputHTMLAttributes<HTMLInputElement> = {}, hint?: string) => (
    <label>
      {label}
      <input
        value={String(typed[name])}
        maxLength={100}
        aria-invalid={problemOf(name) !== undefined}
        onChange={({ target }) => onTyped({ [name]: target.value })}
        {...more}
      />
      {hint && <span className="empty">{hint}</span>}
      <FieldProblem text={problemOf(name)} />
    </label>
  );
  const choice = (name: 'transport' | 'security', label: string, options: readonly (readonly [string, string])[]) => (
    <label>
      {label}
      <select value={typed[name]} onChange={({ target }) => onTyped({ [name]: target.value })}>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
      <FieldProblem text={problemOf(name)} />
    </label>
  );
  const tick = (name: keyof Typed, label: string) => (
    <label className="tick-box">
      <input type="checkbox" checked={typed[name] === true} onChange={({ target }) => onTyped({ [name]: target.checked })} />
      {label}
    </label>
  );
  const passwordHint = isNew ? undefined : 'Empty: the saved one, at the saved address only. For another address type it again.';
  return (
    <>
      <div className="fields wide">
        {text('name', 'Name', { required: true })}
        {text('rtspUrl', 'RTSP or HTTP address', {
          required: true,
          maxLength: 500,
          placeholder: 'rtsp://192.168.1.20/stream1',
          spellCheck: false,
        })}
        {text('username', 'User name of the camera', { autoComplete: 'off' })}
        {text(
          'password',
          isNew ? 'Password of the camera' : 'New password of the camera',
          { type: 'password', maxLength: 256, autoComplete: 'new-password' },
          passwordHint,
        )}
        {text('substreamUrl', 'Address of a smaller stream (optional)', { maxLength: 500, spellCheck: false })}
        {text('onvifUrl', 'ONVIF address (optional)', { maxLength: 500, spellCheck: false })}
        {choice('transport', 'How it sends', transports)}
        {choice('security', 'Encryption', securities)}
        {text('location', 'Location (optional)', { maxLength: 200 })}
        {text('description', 'Description (optional)', { maxLength: 2_000 })}
      </div>
      <div className="fields">
        {tick('isActive', 'switched on')}
        {tick('records', 'record')}
        {tick('hears', 'with sound (AAC)')}
        {tick('analyses', 'analyse')}
      </div>
    </>
  );
}
