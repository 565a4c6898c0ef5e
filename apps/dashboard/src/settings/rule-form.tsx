import type { CameraView } from '@nightjar/contracts';
import { useState } from 'react';
import { saveRule, type Rule, type RuleFields } from '../api/rules.js';
import type { Api } from '../api.js';
import { labelsOf } from '../events/typed-labels.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { TickList } from './tick-list.js';

const eventTypes = ['track', 'alert', 'alarm'].map((value) => ({ value, name: value }));

/** A rule as it is typed. */
interface TypedRule extends Omit<RuleFields, 'labels'> {
  /** Parted by commas. */
  labels: string;
  /** Empty: as it is. */
  secret: string;
}

const emptyRule: TypedRule = {
  name: '',
  enabled: true,
  camera_ids: [],
  labels: '',
  event_types: [],
  min_score: null,
  schedule: null,
  cooldown_seconds: 0,
  tells_end: false,
  url: '',
  secret: '',
};

interface RuleFormProps {
  api: Api;
  rule: Rule | undefined;
  cameras: readonly CameraView[];
  onClose: () => void;
}

/** Makes a rule or changes one. A schedule that was set elsewhere stays as it is. */
export function RuleForm({ api, cameras, onClose, rule }: RuleFormProps) {
  const [typed, setTyped] = useState<TypedRule>(() => typedOf(rule));
  const action = useAction();
  const change = (part: Partial<TypedRule>) => setTyped((known) => ({ ...known, ...part }));
  const save = async () => {
    const { labels, secret, ...fields } = typed;
    const done = await action.run(async () => {
      await saveRule(api, rule?.id, { ...fields, labels: labelsOf(labels), ...(secret !== '' && { secret }) });
    });
    if (done) onClose();
  };
  return (
    <form
      className="stack"
      aria-label={rule ? `Edit ${rule.name}` : 'Add a rule'}
      onSubmit={(form) => {
        form.preventDefault();
        void save();
      }}
    >
      <RuleInputs typed={typed} onTyped={change} hasSecret={rule?.has_secret ?? false} />
      <TickList
        legend="Cameras (none: all)"
        options={cameras.map(({ id, name }) => ({ value: id, name }))}
        chosen={typed.camera_ids}
        onChosen={(chosen) => change({ camera_ids: [...chosen] })}
      />
      <TickList
        legend="Types of events (none: all)"
        options={eventTypes}
        chosen={typed.event_types}
        onChosen={(chosen) => change({ event_types: [...chosen] })}
      />
      <label className="tick-box">
        <input type="checkbox" checked={typed.tells_end} onChange={({ target }) => change({ tells_end: target.checked })} />
        tell also when an event has ended
      </label>
      <div className="tools">
        <button type="submit" className="main-action" disabled={action.isBusy}>
          Save the rule
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
      <Problem text={action.problem} />
    </form>
  );
}

interface RuleInputsProps {
  typed: TypedRule;
  onTyped: (part: Partial<TypedRule>) => void;
  hasSecret: boolean;
}

/** What of a rule is typed. */
function RuleInputs({ hasSecret, onTyped, typed }: RuleInputsProps) {
  return (
    <div className="fields">
      <label>
        Name of the rule
        <input value={typed.name} required maxLength={100} onChange={({ target }) => onTyped({ name: target.value })} />
      </label>
      <label>
        Address that is told
        <input
          type="url"
          value={typed.url}
          required
          maxLength={2_048}
          placeholder="https://hooks.example.org/nightjar"
          onChange={({ target }) => onTyped({ url: target.value })}
        />
      </label>
      <label>
        {hasSecret ? 'New secret (the one that is there stays otherwise)' : 'Secret to sign with (optional)'}
        <input
          type="password"
          autoComplete="off"
          maxLength={256}
          value={typed.secret}
          onChange={({ target }) => onTyped({ secret: target.value })}
        />
      </label>
      <label>
        Labels (none: all)
        <input
          value={typed.labels}
          maxLength={500}
          placeholder="person, intrusion"
          onChange={({ target }) => onTyped({ labels: target.value })}
        />
      </label>
      <label>
        Score, at least
        <input
          type="number"
          min={0}
          max={1}
          step={0.01}
          value={typed.min_score ?? ''}
          onChange={({ target }) => onTyped({ min_score: target.value === '' ? null : target.valueAsNumber })}
        />
      </label>
      <label>
        Seconds between two events of a camera
        <input
          type="number"
          min={0}
          max={604_800}
          required
          value={typed.cooldown_seconds}
          onChange={({ target }) => onTyped({ cooldown_seconds: target.valueAsNumber || 0 })}
        />
      </label>
    </div>
  );
}

function typedOf(rule: Rule | undefined): TypedRule {
  if (!rule) return emptyRule;
  const { has_secret: _hasSecret, id: _id, labels, ...fields } = rule;
  return { ...fields, labels: labels.join(', '), secret: '' };
}
