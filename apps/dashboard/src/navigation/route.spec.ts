import { describe, expect, it } from '@jest/globals';
import { idOf, linkTo, momentOf, parseRoute } from './route.js';

describe('the address of a page', () => {
  it('is read back as it was written', () => {
    const { page, parameters } = parseRoute(linkTo('timeline', { camera: 3, at: 1780315200.5, label: undefined }));
    expect(page).toBe('timeline');
    expect(idOf(parameters, 'camera')).toBe(3);
    expect(momentOf(parameters, 'at')).toBe(1780315200.5);
    expect(parameters.has('label')).toBe(false);
  });

  it.each(['', '#', '#/', '#/nowhere', '#/__proto__?x=1'])('leads to the live page when it names none: %s', (hash) => {
    expect(parseRoute(hash).page).toBe('live');
  });

  it.each(['-1', '0', 'one', '1e3', ''])('has no id in %p', (text) => {
    expect(idOf(new URLSearchParams({ camera: text }), 'camera')).toBeUndefined();
  });

  it.each(['-1', 'now', '1e9', '12345678901', ''])('has no moment in %p', (text) => {
    expect(momentOf(new URLSearchParams({ at: text }), 'at')).toBeUndefined();
  });
});
