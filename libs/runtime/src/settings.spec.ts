import { describe, expect, it } from '@jest/globals';
import { loadSettings, SettingsError } from './settings.js';

describe('settings', () => {
  it('fall back to their defaults, also when they are empty', () => {
    expect(loadSettings(['NVR_PORT', 'NIGHTJAR_DEMO', 'REQUIRE_AUTH'], { NVR_PORT: '' })).toEqual({
      NVR_PORT: 8000,
      NIGHTJAR_DEMO: true,
      REQUIRE_AUTH: false,
    });
  });

  it('are read with their type', () => {
    expect(
      loadSettings(['NVR_PORT', 'NIGHTJAR_DEMO', 'REQUIRE_AUTH'], { NVR_PORT: '80', NIGHTJAR_DEMO: '0', REQUIRE_AUTH: 'TRUE' }),
    ).toEqual({
      NVR_PORT: 80,
      NIGHTJAR_DEMO: false,
      REQUIRE_AUTH: true,
    });
  });

  it('refuse a wrong value by name and never repeat it', () => {
    const read = () => loadSettings(['NIGHTJAR_SECRET_KEY'], { NIGHTJAR_SECRET_KEY: 'hunter2' });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(/NIGHTJAR_SECRET_KEY: must be 32 bytes in base64/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('refuse a word for yes that would mean no', () => {
    for (const value of ['1', 'yes', 'on']) expect(() => loadSettings(['REQUIRE_AUTH'], { REQUIRE_AUTH: value })).toThrow(/REQUIRE_AUTH/);
  });

  it('refuse a name of ours that nobody knows', () => {
    expect(() => loadSettings(['NVR_PORT'], { NIGHTJAR_DATADIR: '/tmp' })).toThrow(/unknown setting NIGHTJAR_DATADIR/);
  });

  it('know no inherited names', () => {
    expect(() => loadSettings(['NVR_PORT'], { NIGHTJAR_constructor: '1' })).toThrow(SettingsError);
  });
});
