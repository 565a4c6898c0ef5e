import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, isLoopbackHost } from '@nightjar/runtime';
import { definedOnly, type LauncherConfig } from '../config.js';
import type { Credentials } from '../data/credentials.js';

export type ServiceName = 'adapter' | 'nvr' | 'recorder' | 'gateway' | 'agent';

/** What the services are connected to, once it runs. */
interface ServiceLinks {
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly gatewayDatabaseUrl: string;
  readonly nvrDatabaseUrl: string;
  readonly natsUrl: string;
  readonly ffmpegPath: string;
  /** Absent without the demo. */
  readonly demoCameraUrl: string | undefined;
}

export interface ServiceDefinition {
  readonly name: ServiceName;
  /** Compiled file that Node runs. */
  readonly entry: string;
  /** Where people find it. */
  readonly address: string;
  /** Where we ask for `/readyz`. */
  readonly probeUrl: string;
  /** What a person should know of it who reads the table. */
  readonly description?: string;
  readonly environment: Readonly<Record<string, string>>;
}

const appsDir = fileURLToPath(new URL('../../../', import.meta.url));
const loopbackNetworks = '127.0.0.0/8,::1/128';
/** Threads of the recorder for files: a call to a disk that hangs holds one, and each camera has one call at a time under way. Node's own are 4. */
const recorderFileThreads = '64';
const compiled = (file: string): string => path.join(appsDir, file);

/** Compiled file of each service; in the order they start: whoever answers starts before whoever asks. */
const entries: Readonly<Record<ServiceName, string>> = {
  adapter: compiled('adapter/dist/main.js'),
  nvr: compiled('nvr/dist/main.js'),
  gateway: compiled('gateway/dist/main.js'),
  recorder: compiled('nvr/dist/recorder.main.js'),
  agent: compiled('agent/dist/main.js'),
};

/** @throws AppError `unavailable` in a checkout that was not built, or not completely */
export function assertBuilt(): void {
  const missing = Object.entries(entries).find(([, entry]) => !existsSync(entry));
  if (missing) throw new AppError('unavailable', `${missing[0]} is not built (${missing[1]} is missing): run "npm run build"`);
}

/** All services with their environment: each is told what it needs and no other's secrets. In the order they start. */
export function describeServices(config: LauncherConfig, credentials: Credentials, links: ServiceLinks): ServiceDefinition[] {
  const { ports, natsUrl, ffmpegPath } = links;
  const secretKey = config.secretKey ?? credentials.secretKey;
  const stays = (name: 'gateway' | 'nvr') => (webhooksMayStay(config, name) ? { NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: loopbackNetworks } : {});
  const everybody: Record<string, string> = {
    ...config.inherited,
    NIGHTJAR_SUPERVISED: '1',
    NIGHTJAR_DATA_DIR: config.dataDir,
    NATS_URL: natsUrl,
    FFMPEG_PATH: ffmpegPath,
    ADAPTER_PORT: String(ports.adapter),
    NVR_PORT: String(ports.nvr),
    NIGHTJAR_RECORDER_PORT: String(ports.recorder),
    GATEWAY_PORT: String(ports.gateway),
    AGENT_PORT: String(ports.agent),
  };
  const nvr = { DATABASE_URL: links.nvrDatabaseUrl, NIGHTJAR_SECRET_KEY: secretKey };
  const own: Record<ServiceName, Record<string, string | undefined>> = {
    adapter: { API_KEY: config.adapterKey, OPENNVR_ADAPTER_TOKEN: config.adapterToken },
    nvr: {
      ...nvr,
      BOOTSTRAP_ADMIN_PASSWORD: credentials.adminPassword,
      NIGHTJAR_DEMO_CAMERA_URL: links.demoCameraUrl,
      NIGHTJAR_INFER_URL:
        config.inherited.NIGHTJAR_INFER_URL ?? `http://${loopbackOf(config.listen.adapter.host)}:${ports.adapter}/contract`,
      API_KEY: config.adapterKey,
      OPENNVR_ADAPTER_TOKEN: config.adapterToken,
      ...stays('nvr'),
    },
    recorder: { ...nvr, UV_THREADPOOL_SIZE: recorderFileThreads },
    gateway: {
      DATABASE_URL: links.gatewayDatabaseUrl,
      BOOTSTRAP_API_KEY: credentials.apiKey,
      NIGHTJAR_SECRET_KEY: secretKey,
      ...stays('gateway'),
    },
    // Its callbacks are asked for at the NVR.
    agent: stays('nvr'),
  };
  return (Object.keys(entries) as ServiceName[]).map((name) => {
    const { host } = config.listen[name];
    return {
      name,
      entry: entries[name],
      address: `http://${bracketed(host)}:${ports[name]}`,
      probeUrl: `http://${loopbackOf(host)}:${ports[name]}`,
      environment: definedOnly({ ...everybody, ...own[name] }),
      ...((name === 'gateway' || name === 'nvr') && webhooksMayStay(config, name)
        ? { description: 'its webhooks may go to this machine' }
        : {}),
    };
  });
}

/**
 * Who reaches a service that listens on loopback only is on this machine already: its webhooks may go there too, but not to our
 * own services. An operator's word counts more.
 */
function webhooksMayStay({ inherited, listen }: LauncherConfig, name: 'gateway' | 'nvr'): boolean {
  return !inherited.NIGHTJAR_WEBHOOK_ALLOW_NETWORKS && isLoopbackHost(listen[name].host);
}

/** How a service that listens there is reached from this machine. */
function loopbackOf(host: string): string {
  return isLoopbackHost(host) ? bracketed(host) : '127.0.0.1';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
