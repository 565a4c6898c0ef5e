import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';

describe('readConfig', () => {
  it('listens on loopback and asks nobody for a key by default', () => {
    expect(readConfig({})).toMatchObject({ host: '127.0.0.1', port: 9100, apiKey: undefined, natsUrl: undefined, preload: ['nanodet'] });
    expect(readConfig({}).engineProcesses).toBeGreaterThan(0);
  });

  it('keeps frames and models in the data directory unless told otherwise', () => {
    expect(readConfig({ NIGHTJAR_DATA_DIR: '/data' })).toMatchObject({ framesDir: '/data/frames', modelCacheDir: '/data/models' });
    expect(readConfig({ NIGHTJAR_DATA_DIR: '/data', NIGHTJAR_FRAMES_DIR: '/frames' })).toMatchObject({ framesDir: '/frames' });
  });

  it('does not start without the key it has to ask for', () => {
    expect(() => readConfig({ REQUIRE_AUTH: 'True' })).toThrow('REQUIRE_AUTH=true needs API_KEY');
    expect(readConfig({ REQUIRE_AUTH: 'True', API_KEY: 'secret' }).apiKey).toBe('secret');
  });

  it('does not open itself to the network by accident', () => {
    expect(() => readConfig({ ADAPTER_HOST: '0.0.0.0' })).toThrow('NIGHTJAR_ALLOW_OPEN=1');
    expect(() => readConfig({ ADAPTER_HOST: '0.0.0.0', API_KEY: 'secret' })).toThrow('REQUIRE_AUTH=true');
    expect(readConfig({ ADAPTER_HOST: '0.0.0.0', NIGHTJAR_ALLOW_OPEN: '1' }).host).toBe('0.0.0.0');
    expect(readConfig({ ADAPTER_HOST: '0.0.0.0', REQUIRE_AUTH: 'true', API_KEY: 'secret' }).host).toBe('0.0.0.0');
  });

  it('ignores a key that nobody is asked for', () => {
    expect(readConfig({ API_KEY: 'secret' }).apiKey).toBeUndefined();
  });

  it('reads lists', () => {
    expect(readConfig({ NIGHTJAR_ADAPTER_FRAME_ALLOW: 'camera_0, camera_1,' }).framesAllowed).toEqual(new Set(['camera_0', 'camera_1']));
    expect(readConfig({ NIGHTJAR_ADAPTER_PRELOAD: 'nanodet' }).preload).toEqual(['nanodet']);
  });
});
