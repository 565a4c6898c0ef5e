import os from 'node:os';
import path from 'node:path';
import { requireNetworks, type Network } from '@nightjar/outbound';
import type { HardwareDecoder } from '@nightjar/media';
import { isLoopbackHost, loadSettings, portsOf, requireSetting, SettingsError } from '@nightjar/runtime';

/** Who may listen to live results. `open`: everybody who reaches the port. */
export type AgentAccess =
  | { kind: 'open'; loopbackOnly: boolean }
  /** `jwksCacheFile` keeps the keys of the tokens for a start without the NVR; none: memory only. */
  | { kind: 'bearer'; jwksUrl: string; jwksCacheFile?: string; issuer: string };

/** What the agent is told by its environment. */
export interface AgentConfig {
  host: string;
  port: number;
  natsUrl: string;
  ffmpegPath: string | undefined;
  agentId: string;
  /** Live streams at a time. */
  streamSlots: number;
  /** Jobs at a time. */
  jobSlots: number;
  /** Whether it measures after its start how long jobs take here. */
  selfCheck: boolean;
  /** Where live cameras are decoded; undefined: on the CPU. */
  hardware: HardwareDecoder | undefined;
  /** A camera on which nothing moved for so long is decoded by its key frames alone; 0: never. */
  idleAfterMs: number;
  framesDir: string;
  mediaDir: string;
  pluginsDir: string;
  /** Below it plugins have a folder each to write to. */
  pluginDataDir: string;
  /** Names of the plugins that run. */
  activePlugins: readonly string[];
  /** Events wait here until nvr has them, also for the next agent. */
  eventSpoolDir: string;
  /** Networks beyond the public internet that events of analytics may be sent to. */
  callbackNetworks: readonly Network[];
  /** Video files that are streams. */
  videoFiles: {
    /** Networks beyond the public internet that they are fetched from. */
    networks: readonly Network[];
    /** Of one file. */
    bytesMax: number;
    /** A file is kept here while it is analysed. */
    directory: string;
  };
  /** Where this system itself listens: nothing that a user names is reached there, whatever the networks say. */
  ownPorts: readonly number[];
  access: AgentAccess;
}

/** @throws SettingsError when a setting is wrong or one that must be there is not */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): AgentConfig {
  const values = loadSettings(
    [
      'AGENT_HOST',
      'AGENT_PORT',
      'GATEWAY_PORT',
      'ADAPTER_PORT',
      'NVR_PORT',
      'NIGHTJAR_RECORDER_PORT',
      'NIGHTJAR_WEBHOOK_ALLOW_NETWORKS',
      'NIGHTJAR_VIDEOFILE_NETWORKS',
      'NIGHTJAR_VIDEOFILE_MAX_BYTES',
      'NATS_URL',
      'FFMPEG_PATH',
      'NIGHTJAR_DATA_DIR',
      'NIGHTJAR_FRAMES_DIR',
      'NIGHTJAR_MEDIA_DIR',
      'NIGHTJAR_PLUGINS_DIR',
      'NIGHTJAR_AGENT_PLUGINS',
      'NIGHTJAR_AGENT_ID',
      'NIGHTJAR_AGENT_STREAM_SLOTS',
      'NIGHTJAR_AGENT_JOB_SLOTS',
      'NIGHTJAR_AGENT_SELF_CHECK',
      'NIGHTJAR_AGENT_HWACCEL',
      'NIGHTJAR_AGENT_IDLE_SECONDS',
      'NIGHTJAR_JWKS_URL',
      'NIGHTJAR_PUBLIC_URL',
      'NIGHTJAR_ALLOW_OPEN',
    ],
    environment,
  );
  return {
    host: values.AGENT_HOST,
    port: values.AGENT_PORT,
    natsUrl: requireSetting('NATS_URL', values.NATS_URL),
    ffmpegPath: values.FFMPEG_PATH,
    agentId: values.NIGHTJAR_AGENT_ID ?? defaultAgentId(),
    streamSlots: values.NIGHTJAR_AGENT_STREAM_SLOTS,
    jobSlots: values.NIGHTJAR_AGENT_JOB_SLOTS,
    selfCheck: values.NIGHTJAR_AGENT_SELF_CHECK,
    hardware: values.NIGHTJAR_AGENT_HWACCEL === 'none' ? undefined : values.NIGHTJAR_AGENT_HWACCEL,
    idleAfterMs: values.NIGHTJAR_AGENT_IDLE_SECONDS * 1_000,
    framesDir: path.resolve(values.NIGHTJAR_FRAMES_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'frames')),
    mediaDir: path.resolve(values.NIGHTJAR_MEDIA_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'media')),
    pluginsDir: path.resolve(values.NIGHTJAR_PLUGINS_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'plugins')),
    pluginDataDir: path.resolve(values.NIGHTJAR_DATA_DIR, 'plugin-data'),
    activePlugins: values.NIGHTJAR_AGENT_PLUGINS,
    eventSpoolDir: path.resolve(values.NIGHTJAR_DATA_DIR, 'cache', 'agent-events'),
    callbackNetworks: requireNetworks('NIGHTJAR_WEBHOOK_ALLOW_NETWORKS', values.NIGHTJAR_WEBHOOK_ALLOW_NETWORKS),
    videoFiles: {
      networks: requireNetworks('NIGHTJAR_VIDEOFILE_NETWORKS', values.NIGHTJAR_VIDEOFILE_NETWORKS),
      bytesMax: values.NIGHTJAR_VIDEOFILE_MAX_BYTES,
      directory: path.resolve(values.NIGHTJAR_DATA_DIR, 'cache', 'agent-videos'),
    },
    ownPorts: [
      values.AGENT_PORT,
      values.GATEWAY_PORT,
      values.ADAPTER_PORT,
      values.NVR_PORT,
      values.NIGHTJAR_RECORDER_PORT,
      ...portsOf(values.NATS_URL, 4222),
    ],
    access: accessOf({
      host: values.AGENT_HOST,
      jwksUrl: values.NIGHTJAR_JWKS_URL,
      jwksCacheFile: path.resolve(values.NIGHTJAR_DATA_DIR, 'cache', 'agent-jwks.json'),
      issuer: values.NIGHTJAR_PUBLIC_URL ?? 'nightjar',
      allowOpen: values.NIGHTJAR_ALLOW_OPEN,
    }),
  };
}

/** Beyond loopback somebody must say who may listen, or that everybody may. */
function accessOf(given: {
  host: string;
  jwksUrl: string | undefined;
  jwksCacheFile: string;
  issuer: string;
  allowOpen: boolean;
}): AgentAccess {
  if (isLoopbackHost(given.host)) return { kind: 'open', loopbackOnly: true };
  if (given.jwksUrl !== undefined)
    return { kind: 'bearer', jwksUrl: given.jwksUrl, jwksCacheFile: given.jwksCacheFile, issuer: given.issuer };
  if (given.allowOpen) return { kind: 'open', loopbackOnly: false };
  throw new SettingsError(
    'AGENT_HOST opens the agent to the network: set NIGHTJAR_JWKS_URL so that its listeners need a token, or NIGHTJAR_ALLOW_OPEN=1',
  );
}

function defaultAgentId(): string {
  return `${os.hostname()}-${process.pid}`.replace(/[^A-Za-z0-9_-]/g, '_').slice(-64);
}
