import { describe, expect, it } from '@jest/globals';
import { readAdapters } from './adapter-directory.js';

describe('the directory of adapters', () => {
  it('has ours under the names that apps of OpenNVR know, each with its task', () => {
    const adapters = readAdapters({ ownUrl: 'http://127.0.0.1:9100/contract/', others: [] });
    expect([...adapters.keys()]).toEqual(['default', 'yolov8', 'insightface', 'fast_plate_ocr', 'blip']);
    expect(adapters.get('fast_plate_ocr')).toEqual({
      name: 'fast_plate_ocr',
      url: 'http://127.0.0.1:9100/contract',
      ownTask: 'license_plate_recognition',
    });
  });

  it('leads a name to the adapter that the operator gives it', () => {
    const adapters = readAdapters({ ownUrl: 'http://adapter:9100/contract', others: ['yolov8=http://10.0.0.4:9002', 'mine=https://x/a'] });
    expect(adapters.get('yolov8')).toEqual({ name: 'yolov8', url: 'http://10.0.0.4:9002', ownTask: undefined });
    expect(adapters.get('mine')?.url).toBe('https://x/a');
    expect(adapters.get('blip')?.ownTask).toBe('scene_description');
  });

  it('is empty without settings', () => {
    expect(readAdapters({ ownUrl: undefined, others: [] }).size).toBe(0);
  });

  it.each(['x', '=http://a', 'a b=http://a', '__proto__=http://a', 'nightjar=http://a', 'tier0=http://a', 'a.b=http://a'])(
    'refuses %s',
    (entry) => {
      expect(() => readAdapters({ ownUrl: undefined, others: [entry] })).toThrow('NIGHTJAR_INFER_ADAPTERS');
    },
  );

  it.each(['ftp://a', 'http://user:pass@a', 'http://a/?key=1', 'http://0x7f.1', '/contract'])('refuses to go to %s', (url) => {
    expect(() => readAdapters({ ownUrl: url, others: [] })).toThrow('NIGHTJAR_INFER_URL');
  });
});
