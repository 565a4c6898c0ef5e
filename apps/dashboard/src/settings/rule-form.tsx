import type { CameraView } from '@nightjar/contracts';
import { useState } from 'react';
import { saveRule, type Rule, type RuleFields } from '../api/rules.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { TickList } from './tick-list.js';

const eventTypes = ['track', 'alert', 'alarm'].map((value) => ({ value, name: value }));
const emptyRule: RuleFields = {
  name: '',
  enabled: true,
  camera_ids: [],
  labels: [],
  event_types: [],
  min_score: null,
  schedule: null,
  cooldown_seconds: 0,
  tells_end: false,
  url: '',
};

interface RuleFormProps {
  api: Api;
  rule: Rule | undefined;
  cameras: readonly CameraView[];
  onClose: () => void;
}

/** Makes a rule or changes one. A schedule that was set elsewhere stays as it is. */
export function RuleForm({ api, cameras, onClose, rule }: RuleFormProps) {
  const [fields, setFields] = useState<RuleFields>(() => fieldsOf(rule));
  const [labels, setLabels] = useState(fields.labels.join(', '));
  const [secret, setSecret] = useState('');
  const action = useAction();
  const change = (part: Partial<RuleFields>) => setFields((known) => ({ ...known, ...part }));
  const save = async () => {
    const listed = labels
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== '');
    const done = await action.run(async () => {
      await saveRule(api, rule?.id, { ...fields, labels: listed, ...(secret !== '' && { secret }) });
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
      <div className="fields">
        <label>
          Name of the rule
          <input value={fields.name} required maxLength={100} onChange={({ target }) => change({ name: target.value })} />
        </label>
        <label>
          Address that is told
          <input
            type="url"
            value={fields.url}
            required
            maxLength={2_048}
            placeholder="https://hooks.example.org/nightjar"
            onChange={({ target }) => change({ url: target.value })}
          />
        </label>
        <label>
          {rule?.has_secret ? 'New secret (the one that is there stays otherwise)' : 'Secret to sign with (optional)'}
          <input type="password" autoComplete="off" maxLength={256} value={secret} onChange={({ target }) => setSecret(target.value)} />
        </label>
        <label>
          Labels (none: all)
          <input value={labels} maxLength={500} placeholder="person, intrusion" onChange={({ target }) => setLabels(target.value)} />
        </label>
        <label>
          Score, at least
          <input
            type="number"
            min={0}
            max={1}
            step={0.01}
            value={fields.min_score ?? ''}
            onChange={({ target }) => change({ min_score: target.value === '' ? null : target.valueAsNumber })}
          />
        </label>
        <label>
          Seconds between two events of a camera
          <input
            type="number"
            min={0}
            max={604_800}
            required
            value={fields.cooldown_seconds}
            onChange={({ target }) => change({ cooldown_seconds: target.valueAsNumber || 0 })}
          />
        </label>
      </div>
      <TickList
        legend="Cameras (none: all)"
        options={cameras.map(({ id, name }) => ({ value: id, name }))}
        chosen={fields.camera_ids}
        onChosen={(chosen) => change({ camera_ids: [...chosen] })}
      />
      <TickList
        legend="Types of events (none: all)"
        options={eventTypes}
        chosen={fields.event_types}
        onChosen={(chosen) => change({ event_types: [...chosen] })}
      />
      <label className="tick-box">
        <input type="checkbox" checked={fields.tells_end} onChange={({ target }) => change({ tells_end: target.checked })} />
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

function fieldsOf(rule: Rule | undefined): RuleFields {
  if (!rule) return emptyRule;
  const { has_secret: _hasSecret, id: _id, ...fields } = rule;
  return fields;
}
