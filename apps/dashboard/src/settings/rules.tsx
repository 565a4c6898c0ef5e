import type { CameraView } from '@nightjar/contracts';
import { useCallback, useState } from 'react';
import { listCameras } from '../api/cameras.js';
import { deleteRule, listDeliveries, listRules, redeliver, saveRule, type Rule } from '../api/rules.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { LongList } from '../loading/long-list.js';
import { Problem } from '../loading/problem.js';
import { useAction } from '../loading/use-action.js';
import { useLoaded } from '../loading/use-loaded.js';
import { RuleForm } from './rule-form.js';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Rules that tell others of events, and what became of their messages. */
export function Rules({ api }: { api: Api }) {
  const load = useCallback((signal: AbortSignal) => listRules(api, signal), [api]);
  const loadCameras = useCallback((signal: AbortSignal) => listCameras(api, signal, { withInactive: true }), [api]);
  const rules = useLoaded(load);
  const cameras = useLoaded(loadCameras);
  const [isAdding, setIsAdding] = useState(false);
  const close = () => {
    setIsAdding(false);
    rules.reload();
  };
  return (
    <section className="panel stack" aria-label="Rules">
      <h2>Rules</h2>
      {!isAdding && (
        <button type="button" className="main-action" onClick={() => setIsAdding(true)}>
          Add a rule
        </button>
      )}
      <Problem text={cameras.problem} onRetry={cameras.reload} />
      {isAdding && <RuleForm api={api} rule={undefined} cameras={cameras.value ?? []} onClose={close} />}
      <LoadedList of={rules} empty="No rule yet. A rule tells another program of events, by HTTP.">
        {(found) => (
          <LongList items={found} name="rules" textOf={({ name, url }) => `${name} ${url}`}>
            {(shown) => (
              <ul className="rows">
                {shown.map((rule) => (
                  <RuleRow key={rule.id} api={api} rule={rule} cameras={cameras.value ?? []} onChange={rules.reload} />
                ))}
              </ul>
            )}
          </LongList>
        )}
      </LoadedList>
    </section>
  );
}

interface RuleRowProps {
  api: Api;
  rule: Rule;
  cameras: readonly CameraView[];
  onChange: () => void;
}

function RuleRow({ api, cameras, onChange, rule }: RuleRowProps) {
  const action = useAction();
  const [opened, setOpened] = useState<'form' | 'deliveries' | 'deletion'>();
  const open = (what: typeof opened) => setOpened(opened === what ? undefined : what);
  const run = (work: () => Promise<unknown>) =>
    action.run(async () => {
      await work();
      onChange();
    });
  const { has_secret: _hasSecret, id, ...fields } = rule;
  const close = () => {
    setOpened(undefined);
    onChange();
  };
  return (
    <li data-testid="rule-row">
      <div>
        <strong>{rule.name}</strong> <span className="empty">{rule.enabled ? '' : 'switched off'}</span>
        <p>{rule.url}</p>
        <Problem text={action.problem} />
      </div>
      <div className="tools">
        <button
          type="button"
          disabled={action.isBusy}
          onClick={() => void run(() => saveRule(api, id, { ...fields, enabled: !rule.enabled }))}
        >
          {rule.enabled ? 'Switch off' : 'Switch on'}
        </button>
        <button type="button" aria-expanded={opened === 'form'} onClick={() => open('form')}>
          Edit
        </button>
        <button type="button" aria-expanded={opened === 'deliveries'} onClick={() => open('deliveries')}>
          Deliveries
        </button>
        <button type="button" aria-expanded={opened === 'deletion'} onClick={() => open('deletion')}>
          Delete
        </button>
        {opened === 'deletion' && (
          <button type="button" autoFocus disabled={action.isBusy} onClick={() => void run(() => deleteRule(api, id))}>
            {`Really delete ${rule.name}`}
          </button>
        )}
      </div>
      {opened === 'form' && <RuleForm api={api} rule={rule} cameras={cameras} onClose={close} />}
      {opened === 'deliveries' && <Deliveries api={api} ruleId={id} />}
    </li>
  );
}

/** The latest messages of a rule. */
function Deliveries({ api, ruleId }: { api: Api; ruleId: number }) {
  const load = useCallback((signal: AbortSignal) => listDeliveries(api, ruleId, signal), [api, ruleId]);
  const deliveries = useLoaded(load);
  const action = useAction();
  const again = (id: string) =>
    action.run(async () => {
      await redeliver(api, ruleId, id);
      deliveries.reload();
    });
  return (
    <div className="stack deliveries">
      <button type="button" onClick={deliveries.reload}>
        Look again
      </button>
      <Problem text={action.problem} />
      <LoadedList of={deliveries} empty="Nothing was told yet: no event since has fitted the rule.">
        {(found) => (
          <ul className="rows">
            {found.map((delivery) => (
              <li key={delivery.id}>
                <span>
                  {moment.format(Date.parse(delivery.created_at))} · event {delivery.event_id} · <strong>{delivery.state}</strong> ·{' '}
                  {delivery.attempts_made} {delivery.attempts_made === 1 ? 'attempt' : 'attempts'}
                  {delivery.last_error !== null && ` · ${delivery.last_error}`}
                </span>
                <button type="button" disabled={action.isBusy} onClick={() => void again(delivery.id)}>
                  Send again
                </button>
              </li>
            ))}
          </ul>
        )}
      </LoadedList>
    </div>
  );
}
