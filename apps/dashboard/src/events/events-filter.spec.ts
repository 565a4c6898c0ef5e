import { describe, expect, it } from '@jest/globals';
import type { EventView } from '@nightjar/contracts';
import { linkTo, parseRoute } from '../navigation/route.js';
import { filterOf, fitsFilter, parametersOf, type EventsFilter } from './events-filter.js';

describe('the filter of the events page', () => {
  it('is read from an address as it was written to it', () => {
    const filter = {
      cameraId: 2,
      label: 'person & dog',
      eventType: 'alert',
      fromUnix: 1_780_000_000,
      toUnix: 1_780_003_600,
      reviewed: false,
    };
    expect(filterOf(parseRoute(linkTo('events', parametersOf(filter))).parameters)).toEqual(filter);
  });

  it('leaves out what an address says wrongly', () => {
    const parameters = new URLSearchParams('camera=x&label=%20&type=nonsense&from=yesterday&reviewed=perhaps');
    expect(Object.values(filterOf(parameters)).every((value) => value === undefined)).toBe(true);
  });

  it.each<[EventsFilter, boolean]>([
    [{}, true],
    [{ cameraId: 2, label: 'person', eventType: 'track', reviewed: false }, true],
    [{ cameraId: 3 }, false],
    [{ label: 'dog' }, false],
    [{ eventType: 'alert' }, false],
    [{ reviewed: true }, false],
    [{ fromUnix: 1_780_000_000, toUnix: 1_780_000_001 }, true],
    [{ fromUnix: 1_780_000_001 }, false],
    [{ toUnix: 1_780_000_000 }, false],
  ])('%j takes an event that has just come: %p', (filter, fits) => {
    const event = { camera_id: 2, label: 'person', event_type: 'track', started_at: new Date(1_780_000_000_000).toISOString() };
    expect(fitsFilter(event as EventView, filter)).toBe(fits);
  });
});
