import { describe, expect, it } from '@jest/globals';
import { preferredType } from './preferred-type.js';

const offers = ['text/html', 'application/x-yaml', 'application/yaml'] as const;

describe('what a caller likes best', () => {
  it('is our first offer when it says nothing, or anything', () => {
    for (const accept of [undefined, '', ' ', '*/*', 'text/*']) expect(preferredType(accept, offers)).toBe('text/html');
  });

  it('is what it names', () => {
    expect(preferredType('application/x-yaml', offers)).toBe('application/x-yaml');
    expect(preferredType('Application/YAML; charset=utf-8', offers)).toBe('application/yaml');
  });

  it('goes by quality, and the most specific range decides about a type', () => {
    expect(preferredType('text/html;q=0.3, application/x-yaml;q=0.5', offers)).toBe('application/x-yaml');
    expect(preferredType('*/*;q=0.9, text/html;q=0.1', offers)).toBe('application/x-yaml');
    expect(preferredType('text/html;q=0, */*', offers)).toBe('application/x-yaml');
    // What a browser sends.
    expect(preferredType('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', offers)).toBe('text/html');
  });

  it('is none of ours when it takes none of them', () => {
    for (const accept of ['image/png', 'application/json', 'text/html;q=0', 'nonsense', 'a/b/c', ',,,'])
      expect(preferredType(accept, offers)).toBeUndefined();
  });
});
