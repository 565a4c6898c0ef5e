import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.js';

const environment = { NATS_URL: 'nats://token@127.0.0.1:4222' };

describe('readConfig', () => {
  it('is open on loopback', () => {
    expect(readConfig(environment).access).toEqual({ kind: 'open', loopbackOnly: true });
  });

  it('refuses to open to the network without a way to tell who may listen', () => {
    expect(() => readConfig({ ...environment, AGENT_HOST: '0.0.0.0' })).toThrow('NIGHTJAR_JWKS_URL');
  });

  it('asks listeners beyond loopback for a token of the NVR', () => {
    const { access } = readConfig({ ...environment, AGENT_HOST: '0.0.0.0', NIGHTJAR_JWKS_URL: 'http://nvr:8000/.well-known/jwks.json' });
    expect(access).toEqual({
      kind: 'bearer',
      jwksUrl: 'http://nvr:8000/.well-known/jwks.json',
      jwksCacheFile: path.resolve('.nightjar/cache/agent-jwks.json'),
      issuer: 'nightjar',
    });
  });

  it('opens to everybody only when told to', () => {
    expect(readConfig({ ...environment, AGENT_HOST: '0.0.0.0', NIGHTJAR_ALLOW_OPEN: '1' }).access).toEqual({
      kind: 'open',
      loopbackOnly: false,
    });
  });

  it('says what is missing', () => {
    expect(() => readConfig({})).toThrow('NATS_URL must be set');
  });

  it('names itself by host and process when nobody names it', () => {
    expect(readConfig(environment).agentId).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});
