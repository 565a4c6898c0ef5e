import { describe, expect, it } from '@jest/globals';
import { compareVersions, parseReference } from './model-version.js';

describe('versions of models', () => {
  it('are ordered as people order them', () => {
    const versions = ['10', '2', '1.10', '1.9', '1', 'v3', '1.9-rc', '2024.01'];
    expect([...versions].sort(compareVersions)).toEqual(['1', '1.9', '1.9-rc', '1.10', '2', '10', '2024.01', 'v3']);
  });

  it('are named after an @, or beside the name', () => {
    expect(parseReference('yolo11n')).toEqual({ name: 'yolo11n', version: undefined });
    expect(parseReference('yolo11n@2')).toEqual({ name: 'yolo11n', version: '2' });
    expect(parseReference('yolo11n', '2')).toEqual({ name: 'yolo11n', version: '2' });
    expect(parseReference('yolo11n@2', '2')).toEqual({ name: 'yolo11n', version: '2' });
    expect(() => parseReference('yolo11n@2', '3')).toThrow('two versions');
  });
});
