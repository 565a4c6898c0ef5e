import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SettingsError } from '@nightjar/runtime';
import { checkoutDir, readLauncherConfig } from './config.js';

const read = (environment: Record<string, string>) => readLauncherConfig(environment, '/nowhere');

describe('the launcher’s settings', () => {
  it('have defaults for everything', () => {
    const config = read({});
    expect(config).toMatchObject({ dataDir: path.join(checkoutDir, '.nightjar'), demo: true, databaseUrl: undefined, natsUrl: undefined });
    expect(config.listen.nvr).toEqual({ host: '127.0.0.1', port: 8000, portSetting: 'NVR_PORT' });
  });

  it('take a data directory from where the launcher was started', () => {
    expect(read({ NIGHTJAR_DATA_DIR: 'data' }).dataDir).toBe(path.resolve('/nowhere/data'));
  });

  it('give the recorder a free port unless one is set', () => {
    expect(read({}).listen.recorder.port).toBe(0);
    expect(read({ NIGHTJAR_RECORDER_PORT: '8001' }).listen.recorder.port).toBe(8001);
  });

  it.each([
    ['an unknown name', { NIGHTJAR_DATADIR: '/tmp' }, /NIGHTJAR_DATADIR/],
    ['a port that is no number', { NVR_PORT: 'many' }, /NVR_PORT/],
    ['a wrong setting of a service', { NIGHTJAR_SEGMENT_SECONDS: '9000' }, /NIGHTJAR_SEGMENT_SECONDS/],
    ['a short admin password', { BOOTSTRAP_ADMIN_PASSWORD: 'short' }, /BOOTSTRAP_ADMIN_PASSWORD/],
  ])('refuse %s', (_case, environment, message) => {
    expect(() => read(environment)).toThrow(SettingsError);
    expect(() => read(environment)).toThrow(message);
  });
});
