import { describe, expect, it } from '@jest/globals';
import { linkTo, parseRoute } from '../navigation/route.js';
import { filterOf, parametersOf } from './events-filter.js';

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
});
