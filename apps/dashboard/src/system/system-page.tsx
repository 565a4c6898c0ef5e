import { useCallback } from 'react';
import { listCameras } from '../api/cameras.js';
import { listAdapters, listSamples, readResources, readStorage } from '../api/system.js';
import type { Api } from '../api.js';
import { LoadedList } from '../loading/loaded-list.js';
import { Problem } from '../loading/problem.js';
import { useLoaded, type Loaded } from '../loading/use-loaded.js';
import { useRepeated } from '../loading/use-repeated.js';
import { StoragePanel } from './storage-panel.js';
import type { Adapter, Resources, Sample } from './system-report.js';
import { bytesText, healthText, worriesOf } from './system-words.js';
import './system.css';

const reloadMs = 15_000;

/** How the installation is: what wants an eye, room for recordings, the machine, the models. For administrators. */
export function SystemPage({ api }: { api: Api }) {
  const storage = useRefreshed(useCallback((signal: AbortSignal) => readStorage(api, signal), [api]));
  const resources = useRefreshed(useCallback((signal: AbortSignal) => readResources(api, signal), [api]));
  const samples = useRefreshed(useCallback((signal: AbortSignal) => listSamples(api, signal), [api]));
  const adapters = useRefreshed(useCallback((signal: AbortSignal) => listAdapters(api, signal), [api]));
  const cameras = useRefreshed(useCallback((signal: AbortSignal) => listCameras(api, signal), [api]));
  const worries = worriesOf({
    storage: storage.value,
    resources: resources.value,
    adapters: adapters.value,
    cameras: cameras.value,
  });
  const isKnown = storage.value && resources.value && adapters.value && cameras.value;
  return (
    <main className="page system-page">
      <section className="panel" aria-label="State">
        <h2>State</h2>
        <div role="status">
          {worries.length === 0 && <p className={isKnown ? 'live' : 'empty'}>{isKnown ? 'All is well.' : 'Looking …'}</p>}
          {worries.length > 0 && (
            <ul className="worries">
              {worries.map((worry) => (
                <li key={worry}>{worry}</li>
              ))}
            </ul>
          )}
        </div>
        <Problem text={cameras.problem} onRetry={cameras.reload} />
      </section>
      <StoragePanel storage={storage} />
      <MachinePanel resources={resources} samples={samples} />
      <AdaptersPanel adapters={adapters} />
    </main>
  );
}

function useRefreshed<Value>(load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const loaded = useLoaded(load);
  useRepeated(loaded.reload, reloadMs);
  return loaded;
}

function MachinePanel({ resources, samples }: { resources: Loaded<Resources>; samples: Loaded<Sample[]> }) {
  const now = samples.value?.at(-1);
  const memory = resources.value?.memory;
  const lines = [
    { name: 'Processor', percent: resources.value?.cpu_percent, of: (sample: Sample) => sample.cpu_percent, more: '' },
    {
      name: 'Memory',
      percent: memory && (memory.used / memory.total) * 100,
      of: (sample: Sample) => sample.memory_percent,
      more: memory ? `${bytesText(memory.used)} of ${bytesText(memory.total)}` : '',
    },
    { name: 'Disk of recordings', percent: now?.disk_percent, of: (sample: Sample) => sample.disk_percent, more: '' },
  ];
  return (
    <section className="panel" aria-label="Machine">
      <h2>Machine</h2>
      <Problem text={resources.problem ?? samples.problem} onRetry={() => [resources, samples].forEach(({ reload }) => reload())} />
      <ul className="meters">
        {lines.map(({ more, name, of, percent }) => (
          <li key={name}>
            <p>
              <strong>{name}</strong> {percent === undefined || percent === null ? '…' : `${Math.round(percent)} %`}{' '}
              <span className="empty">{more}</span>
            </p>
            <Curve name={name} values={(samples.value ?? []).map((sample) => ({ at: sample.ts, percent: of(sample) }))} />
          </li>
        ))}
      </ul>
      <p className="empty">The last hour, of the whole machine.</p>
    </section>
  );
}

/** Percent over the last hour. What was not measured is left out. */
function Curve({ name, values }: { name: string; values: readonly { at: number; percent: number | null }[] }) {
  const hourSeconds = 3_600;
  const last = values.at(-1)?.at ?? 0;
  const points = values.flatMap(({ at, percent }) =>
    percent === null ? [] : [`${((1 - (last - at) / hourSeconds) * 300).toFixed(1)},${(50 - percent / 2).toFixed(1)}`],
  );
  const highest = Math.max(0, ...values.map(({ percent }) => percent ?? 0));
  return (
    <svg
      viewBox="0 -1 300 52"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${name}, highest in the last hour ${Math.round(highest)} %`}
    >
      <polyline points={points.join(' ')} />
    </svg>
  );
}

function AdaptersPanel({ adapters }: { adapters: Loaded<Adapter[]> }) {
  return (
    <section className="panel" aria-label="Models">
      <h2>Models</h2>
      <LoadedList of={adapters} empty="No adapter is set up: nothing answers questions about pictures.">
        {(found) => (
          <ul className="rows">
            {found.map((adapter) => (
              <li key={adapter.name} data-testid="adapter-row">
                <div>
                  <strong>{adapter.name}</strong>{' '}
                  <span className={adapter.health_status === 'ok' ? 'live' : adapter.health_status === 'loading' ? 'empty' : 'problem'}>
                    {healthText(adapter.health_status)}
                  </span>
                  {adapter.model_name !== null && (
                    <p className="empty">{`${adapter.model_name} ${adapter.model_version ?? ''}, adapter ${adapter.adapter_version ?? ''}`}</p>
                  )}
                </div>
                {adapter.tasks_advertised.length > 0 && (
                  <details>
                    <summary>{`${adapter.tasks_advertised.length} tasks`}</summary>
                    <p>{adapter.tasks_advertised.join(', ')}</p>
                  </details>
                )}
              </li>
            ))}
          </ul>
        )}
      </LoadedList>
    </section>
  );
}
