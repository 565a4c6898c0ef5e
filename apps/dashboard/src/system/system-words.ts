import type { CameraView } from '@nightjar/contracts';
import type { Adapter, Resources, Storage } from './system-report.js';

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const alertTexts: Readonly<Record<string, string>> = {
  cpu_high: 'The processor of this machine has been busy to more than nine tenths for minutes.',
  memory_high: 'The memory of this machine has been full to more than nine tenths for minutes.',
  disk_low: 'The disk of recordings is full to more than nine tenths.',
  disk_stat_error: 'The disk of recordings does not answer.',
};
const healthTexts: Readonly<Record<Adapter['health_status'], string>> = {
  ok: 'ready',
  degraded: 'works, but not all of it',
  loading: 'is loading',
  error: 'does not work',
  unreachable: 'does not answer',
};

/** `4.2 GB`: three digits at most, in decimal units as disks are sold. */
export function bytesText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const value = bytes / 1_000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** How long there is room for recordings, in words. */
export function forecastText({ bounds, forecast_days_left: days }: Storage): string {
  if (days === null)
    return bounds.days === null
      ? 'How long there is room is known after ten minutes of recording.'
      : `Recordings are removed after ${daysText(bounds.days)}; there is room for that, as far as is known.`;
  if (days === 0) return 'There is no room left: the oldest recordings make room for new ones.';
  return `At the rate of the last day the oldest recordings make room for new ones in ${daysText(days)}.`;
}

function daysText(days: number): string {
  if (days < 2) return `${Math.round(days * 24)} hours`;
  return days < 730 ? `${Math.round(days)} days` : `${Math.round(days / 365)} years`;
}

export function healthText(health: Adapter['health_status']): string {
  return healthTexts[health];
}

/** Everything that wants an operator's eye, the weightiest first; empty when all is well. */
export function worriesOf(known: {
  storage?: Storage | undefined;
  resources?: Resources | undefined;
  adapters?: readonly Adapter[] | undefined;
  cameras?: readonly CameraView[] | undefined;
}): string[] {
  const { adapters = [], cameras = [], resources, storage } = known;
  const broken = adapters.filter(({ health_status: health }) => health !== 'ok' && health !== 'loading');
  const offline = cameras.filter(({ is_active: isActive, status }) => isActive && status === 'offline');
  const stalled = cameras.filter(({ is_active: isActive, recording_state: state }) => isActive && state === 'stalled');
  return [
    ...(storage?.degraded ?? []).map((reason) => `Recording: ${reason}.`),
    ...broken.map(({ health_status: health, name }) => `The models of ${name}: ${healthTexts[health]}.`),
    ...(offline.length === 0 ? [] : [`Offline: ${namesText(offline)}.`]),
    ...(stalled.length === 0 ? [] : [`Recording stands still: ${namesText(stalled)}.`]),
    ...(resources?.active_alerts ?? []).map(({ alert_type: type }) => alertTexts[type] ?? type),
  ];
}

const namesMax = 5;

function namesText(cameras: readonly CameraView[]): string {
  const named = cameras.slice(0, namesMax).map(({ name }) => name);
  const more = cameras.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
