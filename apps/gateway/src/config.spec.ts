import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';

const environment = { DATABASE_URL: 'postgresql://db/nightjar', NATS_URL: 'nats://bus:4222' };

describe('the configuration of the gateway', () => {
  it('needs a database and a bus, and has a default for the rest', () => {
    expect(readConfig(environment)).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      mediaDir: path.join('.nightjar', 'media'),
      defaultMaxProcessingSeconds: 0,
      bootstrapApiKey: undefined,
    });
  });

  it.each(['DATABASE_URL', 'NATS_URL'])('says so when %s is missing', (name) => {
    expect(() => readConfig({ ...environment, [name]: '' })).toThrow(`${name} must be set`);
  });

  it('refuses a setting that nobody knows', () => {
    expect(() => readConfig({ ...environment, NIGHTJAR_MEDIADIR: '/srv' })).toThrow('unknown setting NIGHTJAR_MEDIADIR');
  });
});
