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

  it('names the setting whose network is none', () => {
    const read = () => readConfig({ ...environment, NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: '10.0.0.0/8, lan' });
    expect(read).toThrow('NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: every part must be a network');
  });

  it('counts every port of ours as our own, those of database and bus too', () => {
    const { webhooks } = readConfig({ ...environment, DATABASE_URL: 'postgresql://db:5544/nightjar', GATEWAY_PORT: '8181' });
    expect(webhooks).toMatchObject({ networks: [], signatureFormat: 'sha256=hex' });
    expect(webhooks.ownPorts).toEqual(expect.arrayContaining([8181, 8000, 8001, 5240, 9100, 5544, 4222]));
  });

  it('refuses a setting that nobody knows', () => {
    expect(() => readConfig({ ...environment, NIGHTJAR_MEDIADIR: '/srv' })).toThrow('unknown setting NIGHTJAR_MEDIADIR');
  });

  it.each([
    [{}, 'http://127.0.0.1:8000'],
    [{ NVR_PORT: '4711' }, 'http://127.0.0.1:4711'],
    [{ NVR_HOST: '0.0.0.0' }, 'http://127.0.0.1:8000'],
    [{ NVR_HOST: '::1' }, 'http://[::1]:8000'],
  ])('finds the keys of tokens at the NVR of this machine: %j', (settings, origin) => {
    expect(readConfig({ ...environment, ...settings }).callers.jwksUrl).toBe(`${origin}/.well-known/jwks.json`);
  });

  it('believes no proxy unless it is told whose', () => {
    expect(readConfig(environment).callers.trustedProxies).toEqual([]);
    expect(readConfig({ ...environment, NIGHTJAR_TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8' }).callers.trustedProxies).toHaveLength(2);
    expect(() => readConfig({ ...environment, NIGHTJAR_TRUSTED_PROXIES: 'proxy' })).toThrow('NIGHTJAR_TRUSTED_PROXIES');
  });

  it('puts the operations where it is told', () => {
    const { operationPaths } = readConfig({ ...environment, NIGHTJAR_JOB_API_PREFIX: '/', NIGHTJAR_JOB_API_ROUTES: 'submitVideo=/video' });
    expect(operationPaths).toEqual({ prefix: '', paths: { submitVideo: '/video' } });
    expect(() => readConfig({ ...environment, NIGHTJAR_JOB_API_PREFIX: 'v0.2' })).toThrow('NIGHTJAR_JOB_API_PREFIX');
  });
});
