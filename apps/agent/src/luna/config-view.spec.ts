import { describe, expect, it } from '@jest/globals';
import { settingsText } from '@nightjar/luna';
import type { AgentConfig } from '../config.js';
import { configView } from './config-view.js';

const config: AgentConfig = {
  host: '0.0.0.0',
  port: 5_240,
  natsUrl: 'nats://s3cret-token@bus:4222',
  ffmpegPath: '/home/somebody/bin/ffmpeg',
  agentId: 'agent-1',
  streamSlots: 16,
  jobSlots: 1,
  selfCheck: false,
  hardware: undefined,
  idleAfterMs: 60_000,
  framesDir: '/var/lib/frames',
  mediaDir: '/var/lib/media',
  pluginsDir: '/var/lib/plugins',
  pluginDataDir: '/var/lib/plugin-data',
  activePlugins: [],
  eventSpoolDir: '/var/lib/agent-events',
  callbackNetworks: [],
  videoFiles: { networks: [], bytesMax: 1_000, directory: '/data/cache/agent-videos' },
  ownPorts: [],
  access: { kind: 'bearer', jwksUrl: 'https://user:pa55@nvr/.well-known/jwks.json?key=t0ken', issuer: 'nightjar' },
};

describe('the configuration that is shown', () => {
  it('has the documented section first, and our own settings', () => {
    const view = configView(config);
    expect(Object.keys(view)[0]).toBe('INFLUX_MONITORING');
    expect(view.INFLUX_MONITORING).toEqual({ SEND_DATA_FOR_MONITORING: 0 });
    expect(view.LUNA_VIDEO_AGENT_SETTINGS).toMatchObject({ AGENT_ID: 'agent-1', PORT: 5_240, MAX_ACTIVE_TASKS: 16 });
  });

  it('masks every credential, in both forms, and shows no path of the machine', () => {
    for (const text of [JSON.stringify(configView(config)), settingsText(configView(config))]) {
      for (const secret of ['s3cret-token', 'user', 'pa55', 't0ken', 'somebody', '/var/lib']) expect(text).not.toContain(secret);
      expect(text).toContain('nats://***@bus:4222');
      expect(text).toContain('https://***@nvr/.well-known/jwks.json?***');
    }
  });

  it('masks each server of a list', () => {
    const natsUrl = 'nats://tok1@h1,nats://tok2@h2:4333';
    expect(configView({ ...config, natsUrl }).NIGHTJAR_BUS).toEqual({ NATS_URL: 'nats://***@h1,nats://***@h2:4333' });
  });

  it('is a file of sections as text', () => {
    expect(settingsText(configView(config))).toMatch(/^\[INFLUX_MONITORING\]\nSEND_DATA_FOR_MONITORING = 0\n\n\[LUNA_CONFIGURATOR\]\n/);
  });

  it('masks an address that it cannot read', () => {
    expect(configView({ ...config, natsUrl: 'not a url' }).NIGHTJAR_BUS).toEqual({ NATS_URL: '***' });
  });
});
