import { describe, expect, it } from '@jest/globals';
import { surfaceOfUrl } from './surface.js';

describe('surfaceOfUrl', () => {
  it.each([
    ['/contract', 'contract'],
    ['/contract/infer?x=/v2', 'contract'],
    ['/legacy/health', 'legacy'],
    ['/v2', 'oip'],
    ['/v2/models/m/infer', 'oip'],
    ['/contractual', 'root'],
    ['/v20/models', 'root'],
    ['/infer', 'root'],
    ['/?/contract/health', 'root'],
    ['/%zz', 'root'],
    ['', 'root'],
  ])('knows %j as %s', (url, expected) => {
    for (const root of ['legacy', 'contract'] as const) expect(surfaceOfUrl(url, root)).toBe(expected === 'root' ? root : expected);
  });
});
