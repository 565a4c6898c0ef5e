import type { EventView } from '@nightjar/contracts';
import { idOf, momentOf } from '../navigation/route.js';

const types = ['track', 'alert', 'alarm'];

/** Which events are asked for; undefined: all. Times are Unix seconds. */
export interface EventsFilter {
  cameraId?: number | undefined;
  label?: string | undefined;
  eventType?: string | undefined;
  fromUnix?: number | undefined;
  toUnix?: number | undefined;
  reviewed?: boolean | undefined;
}

/** Which events the address asks for. What it says wrongly is left out. */
export function filterOf(parameters: URLSearchParams): EventsFilter {
  const type = parameters.get('type') ?? '';
  const reviewed = parameters.get('reviewed');
  return {
    cameraId: idOf(parameters, 'camera'),
    label: parameters.get('label')?.trim() || undefined,
    eventType: types.includes(type) ? type : undefined,
    fromUnix: momentOf(parameters, 'from'),
    toUnix: momentOf(parameters, 'to'),
    reviewed: reviewed === 'yes' ? true : reviewed === 'no' ? false : undefined,
  };
}

/** The same filter as parameters of an address. */
export function parametersOf({ cameraId, eventType, fromUnix, label, reviewed, toUnix }: EventsFilter) {
  return {
    camera: cameraId,
    label,
    type: eventType,
    from: fromUnix,
    to: toUnix,
    reviewed: reviewed === undefined ? undefined : reviewed ? 'yes' : 'no',
  };
}

/** Whether an event that has just come belongs to what is shown. Nobody has reviewed it yet. */
export function fitsFilter(event: EventView, { cameraId, eventType, fromUnix, label, reviewed, toUnix }: EventsFilter): boolean {
  const startedUnix = Date.parse(event.started_at) / 1_000;
  return (
    (cameraId === undefined || event.camera_id === cameraId) &&
    (eventType === undefined || event.event_type === eventType) &&
    (label === undefined || event.label === label) &&
    (fromUnix === undefined || startedUnix >= fromUnix) &&
    (toUnix === undefined || startedUnix < toUnix) &&
    reviewed !== true
  );
}
