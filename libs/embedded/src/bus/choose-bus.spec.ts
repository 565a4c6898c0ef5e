import { describe, expect, it } from '@jest/globals';
import { isRecentEnough } from './choose-bus.js';

describe('the oldest nats-server that is used', () => {
  it.each([
    ['2.8.4', false],
    ['2.9.0', true],
    ['2.9.10', true],
    ['2.12.1', true],
    ['3.0.0', true],
    ['1.4.1', false],
  ])('%s is recent enough: %s', (version, expected) => {
    expect(isRecentEnough(version)).toBe(expected);
  });
});
