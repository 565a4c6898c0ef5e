import { describe, expect, it } from '@jest/globals';
import { readLauncherConfig } from '../config.js';
import type { Credentials } from '../data/credentials.js';
import { describeServices, type ServiceDefinition } from './services.js';

const credentials: Credentials = {
  adminPassword: 'admin-secret',
  apiKey: 'api-key-secret-1234',
  databaseOwnerPassword: 'owner-secret-123456',
  gatewayDatabasePassword: 'gateway-secret-1234',
  nvrDatabasePassword: 'nvr-secret-12345678',
  busToken: 'bustoken1234567890',
  secretKey: `${'A'.repeat(43)}=`,
};

function describeWith(environment: Record<string, string> = {}): Map<string, ServiceDefinition> {
  const services = describeServices(readLauncherConfig(environment, '/nowhere'), credentials, {
    ports: { adapter: 1, nvr: 2, recorder: 3, gateway: 4, agent: 5 },
    gatewayDatabaseUrl: 'postgresql://gateway@db/nightjar',
    nvrDatabaseUrl: 'postgresql://nvr@db/nightjar',
    natsUrl: 'nats://token@127.0.0.1:4333',
    ffmpegPath: '/usr/bin/ffmpeg',
    demoCameraUrl: 'rtsp://127.0.0.1:6/live',
  });
  return new Map(services.map((service) => [service.name, service]));
}

describe('the services', () => {
  it('start with those that answer others', () => {
    expect([...describeWith().keys()]).toEqual(['adapter', 'nvr', 'gateway', 'recorder', 'agent']);
  });

  it('all know the bus, the ports and whom they belong to', () => {
    for (const { environment } of describeWith({ PATH: '/bin' }).values()) {
      expect(environment).toMatchObject({
        PATH: '/bin',
        NATS_URL: 'nats://token@127.0.0.1:4333',
        NVR_PORT: '2',
        NIGHTJAR_RECORDER_PORT: '3',
        NIGHTJAR_SUPERVISED: '1',
      });
    }
  });

  it('are told no other service’s secrets', () => {
    const secrets = {
      API_KEY: 'adapter-key-secret',
      OPENNVR_ADAPTER_TOKEN: 'adapter-token-secret',
      DATABASE_URL: 'postgresql://owner@db/nightjar',
    };
    const services = describeWith({ ...secrets, BOOTSTRAP_ADMIN_PASSWORD: 'given-admin-secret' });
    const toldTo = (text: string): string[] =>
      [...services.values()]
        .filter(({ environment }) => Object.values(environment).some((value) => value.includes(text)))
        .map(({ name }) => name);
    expect({
      adminPassword: toldTo('admin-secret'),
      apiKey: toldTo(credentials.apiKey),
      ownerPassword: toldTo(credentials.databaseOwnerPassword),
      ownerUrl: toldTo('owner@db'),
      gatewayDatabase: toldTo('gateway@db'),
      nvrDatabase: toldTo('nvr@db'),
      secretKey: toldTo(credentials.secretKey),
      adapterKey: toldTo(secrets.API_KEY),
      adapterToken: toldTo(secrets.OPENNVR_ADAPTER_TOKEN),
    }).toEqual({
      adminPassword: ['nvr'],
      apiKey: ['gateway'],
      ownerPassword: [],
      ownerUrl: [],
      gatewayDatabase: ['gateway'],
      nvrDatabase: ['nvr', 'recorder'],
      secretKey: ['nvr', 'gateway', 'recorder'],
      // The NVR asks the adapter for apps and users.
      adapterKey: ['adapter', 'nvr'],
      adapterToken: ['adapter', 'nvr'],
    });
  });

  it('give the recorder threads for disks that hang, and nobody else', () => {
    const threads = [...describeWith().values()].map(({ environment, name }) => [name, environment.UV_THREADPOOL_SIZE]);
    expect(threads.filter(([, count]) => count !== undefined)).toEqual([['recorder', '64']]);
  });

  it.each(['gateway', 'nvr'] as const)('let webhooks go to this machine as long as the %s listens on it alone', (name) => {
    const allowed = (environment: Record<string, string>) => {
      const service = describeWith(environment).get(name);
      return [service?.environment.NIGHTJAR_WEBHOOK_ALLOW_NETWORKS, service?.description];
    };
    expect(allowed({})).toEqual(['127.0.0.0/8,::1/128', expect.stringContaining('webhooks')]);
    expect(allowed({ [`${name.toUpperCase()}_HOST`]: '0.0.0.0' })).toEqual([undefined, undefined]);
    expect(allowed({ NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: '10.0.0.0/8' })).toEqual(['10.0.0.0/8', undefined]);
  });

  it('let callbacks of analytics go where the messages of the NVR may', () => {
    const ofAgent = (environment: Record<string, string>) =>
      describeWith(environment).get('agent')?.environment.NIGHTJAR_WEBHOOK_ALLOW_NETWORKS;
    expect(ofAgent({})).toBe('127.0.0.0/8,::1/128');
    expect(ofAgent({ NVR_HOST: '0.0.0.0' })).toBeUndefined();
  });

  it('are asked on loopback where they listen everywhere', () => {
    const nvr = describeWith({ NVR_HOST: '0.0.0.0' }).get('nvr');
    expect(nvr).toMatchObject({ address: 'http://0.0.0.0:2', probeUrl: 'http://127.0.0.1:2' });
    expect(describeWith({ NVR_HOST: '::1' }).get('nvr')?.probeUrl).toBe('http://[::1]:2');
  });
});
