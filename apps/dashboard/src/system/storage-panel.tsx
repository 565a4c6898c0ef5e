import type { Storage } from './system-report.js';
import { Problem } from '../loading/problem.js';
import type { Loaded } from '../loading/use-loaded.js';
import { linkTo } from '../navigation/route.js';
import { bytesText, forecastText } from './system-words.js';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** What recordings take, of which camera, and how long there is room. */
export function StoragePanel({ storage: { problem, reload, value } }: { storage: Loaded<Storage> }) {
  return (
    <section className="panel storage" aria-label="Recordings">
      <h2>Recordings</h2>
      <Problem text={problem} onRetry={reload} />
      {!value && !problem && <p className="empty">Loading …</p>}
      {value && (
        <>
          <Disk name="Disk" used={value.used_bytes - (value.archive?.used_bytes ?? 0)} free={value.free_bytes} total={value.total_bytes} />
          {value.archive && (
            <Disk
              name={`Archive, after ${value.archive.after_hours} hours`}
              used={value.archive.used_bytes}
              free={value.archive.free_bytes}
              total={value.archive.total_bytes}
            />
          )}
          <p data-testid="forecast">{forecastText(value)}</p>
          <p className="empty">{boundsText(value)}</p>
          <Cameras storage={value} />
        </>
      )}
    </section>
  );
}

/** Recordings, what else is on the disk, and what is free, side by side. */
function Disk({ free, name, total, used }: { name: string; used: number; free: number | null; total: number | null }) {
  if (free === null || total === null)
    return <p className="problem">{`${name}: it does not answer. Recordings take ${bytesText(used)}.`}</p>;
  const others = Math.max(0, total - free - used);
  return (
    <div>
      <p>
        <strong>{name}</strong>
        {`: recordings ${bytesText(used)}, other files ${bytesText(others)}, free ${bytesText(free)} of ${bytesText(total)}`}
      </p>
      <div className="disk" aria-hidden="true">
        <span className="of-recordings" style={{ width: `${(used / total) * 100}%` }} />
        <span className="of-others" style={{ width: `${(others / total) * 100}%` }} />
      </div>
    </div>
  );
}

function boundsText({ bounds }: Storage): string {
  const bound = [
    ...(bounds.days === null ? [] : [`older than ${bounds.days} days`]),
    ...(bounds.used_bytes === null ? [] : [`over ${bytesText(bounds.used_bytes)} in all`]),
    ...(bounds.free_bytes === null ? [] : [`when less than ${bytesText(bounds.free_bytes)} would stay free`]),
  ];
  return bound.length === 0 ? 'Nothing is removed by itself.' : `The oldest is removed: ${bound.join(', or ')}. Kept ranges stay.`;
}

function Cameras({ storage: { cameras } }: { storage: Storage }) {
  if (cameras.length === 0) return <p className="empty">Nothing is recorded yet.</p>;
  return (
    <div className="scrolled" tabIndex={0} role="region" aria-label="Recordings of each camera">
      <table>
        <thead>
          <tr>
            <th>Camera</th>
            <th>Takes</th>
            <th>From</th>
            <th>To</th>
          </tr>
        </thead>
        <tbody>
          {cameras
            .toSorted((one, other) => other.used_bytes - one.used_bytes)
            .map(({ camera_id: id, name, newest_unix: newest, oldest_unix: oldest, used_bytes: used }) => (
              <tr key={id}>
                <td>
                  <a href={linkTo('timeline', { camera: id })}>{name === '' ? `camera ${id}, deleted` : name}</a>
                </td>
                <td className="unbroken">{bytesText(used)}</td>
                <td className="unbroken">{moment.format(oldest * 1_000)}</td>
                <td className="unbroken">{moment.format(newest * 1_000)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
