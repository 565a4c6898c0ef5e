import { describe, expect, it } from '@jest/globals';
import { pathInStore } from './run-work.js';

describe('pathInStore', () => {
  it('finds files of the media store', () => {
    expect(pathInStore('/data/media', 'video_1/source')).toBe('/data/media/video_1/source');
  });

  it('refuses names that lead out of it, and the store itself', () => {
    for (const file of ['../frames/latest.jpg', '/etc/passwd', 'a/../../b', '.', '', '..'])
      expect(() => pathInStore('/data/media', file)).toThrow('outside the media store');
  });
});
