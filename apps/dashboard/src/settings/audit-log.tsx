import { useCallback, useState } from 'react';
import { listAuditEntries } from '../api/access.js';
import type { Api } from '../api.js';
import { Problem } from '../loading/problem.js';
import { useLoaded } from '../loading/use-loaded.js';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
/** As the NVR writes them. */
const actions = [
  'login.succeeded',
  'login.failed',
  'login.locked',
  'logout',
  'session.reused',
  'password.changed',
  'password.change_failed',
  'confirmation.failed',
  'mfa.enabled',
  'mfa.disabled',
  'mfa.failed',
  'mfa.recovery_codes_made',
  'sign_in_policy.changed',
  'monitoring_policy.changed',
  'user.created',
  'user.changed',
  'user.activated',
  'user.deleted',
  'user.cameras_granted',
  'role.created',
  'role.changed',
  'role.deleted',
  'camera.created',
  'camera.changed',
  'camera.deleted',
  'camera.restored',
  'camera.erased',
  'camera.granted',
  'camera.revoked',
  'recording.protected',
  'recording.released',
  'export.made',
  'api_key.created',
  'api_key.revoked',
  'rule.created',
  'rule.changed',
  'rule.deleted',
  'app.registered',
  'app.changed',
  'app.deleted',
  'stream.created',
  'stream.changed',
  'stream.removed',
  'stream.switched',
  'stream.logs_removed',
  'group.created',
  'group.changed',
  'group.removed',
  'analytic.registered',
  'analytic.removed',
  'agent.registered',
  'agent.removed',
  'access.refused',
];

/** Who did what, newest first, page by page. */
export function AuditLog({ api }: { api: Api }) {
  const [action, setAction] = useState<string>();
  const [page, setPage] = useState(0);
  const load = useCallback((signal: AbortSignal) => listAuditEntries(api, { action, page }, signal), [action, api, page]);
  const { problem, reload, value } = useLoaded(load);
  return (
    <section className="panel stack" aria-label="Audit log">
      <h2>Audit log</h2>
      <div className="fields">
        <label>
          What was done
          <select
            value={action ?? ''}
            onChange={({ target }) => {
              setPage(0);
              setAction(target.value || undefined);
            }}
          >
            <option value="">everything</option>
            {actions.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" disabled={page === 0} onClick={() => setPage(page - 1)}>
          Newer
        </button>
        <span className="empty">{value && `page ${page + 1} of ${Math.max(1, value.pages)}`}</span>
        <button type="button" disabled={!value || page + 1 >= value.pages} onClick={() => setPage(page + 1)}>
          Older
        </button>
      </div>
      <Problem text={problem} onRetry={reload} />
      {!value && !problem && <p className="empty">Loading …</p>}
      {value?.entries.length === 0 && <p className="empty">No such entry. Choose everything above to see all.</p>}
      {value && value.entries.length > 0 && (
        <div className="scrolled" tabIndex={0} role="region" aria-label="Entries">
          <table>
            <thead>
              <tr>
                {['When', 'Who', 'What', 'Of', 'From', 'Details'].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {value.entries.map((entry) => (
                <tr key={entry.id}>
                  <td className="unbroken">{moment.format(Date.parse(entry.timestamp))}</td>
                  <td>{entry.actor}</td>
                  <td>{entry.action}</td>
                  <td>{`${entry.entity_type} ${entry.entity_id ?? ''}`}</td>
                  <td>{entry.ip}</td>
                  <td>{detailsText(entry.details)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function detailsText(details: unknown): string {
  const text = details === null || details === undefined ? '' : JSON.stringify(details);
  return text === '{}' ? '' : text;
}
