import { isIP } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireNetworks, type Network } from '@nightjar/outbound';
import { loadSettings, portsOf, requireSetting, SettingsError } from '@nightjar/runtime';
import type { SignatureFormat } from '@nightjar/webhooks';
import { readAdapters, type InferAdapter } from './infer/adapter-directory.js';
import type { RetentionBounds } from './retention/choose-expired.js';

/** What both processes of the NVR read. Directories are absolute. */
export interface NvrConfig {
  databaseUrl: string;
  natsUrl: string;
  /** 32 bytes in base64; encrypts camera passwords and signing keys. */
  secretKey: string;
  framesDir: string;
  recordingsDir: string;
  retention: RetentionBounds;
  /** Where recordings go after a while, and how many bytes they may take there (0: unbounded); undefined: they stay. */
  archive: { directory: string; afterMs: number; usedBytesMax: number } | undefined;
  ffmpegPath: string | undefined;
  /** Networks that cameras may be in, as CIDR. */
  cameraNetworks: readonly string[];
  /** Ports of this installation's own services: never a camera's, where the address is this machine. */
  ownPorts: readonly number[];
}

/** An IPv4 address and a port. */
export interface UdpTarget {
  host: string;
  port: number;
}

/** Settings of the API process. */
export interface ApiConfig extends NvrConfig {
  host: string;
  port: number;
  /** `iss` of the tokens. */
  issuer: string;
  /** Addresses and networks whose `X-Forwarded-*` headers are believed, as CIDR. */
  trustedProxies: readonly string[];
  adminPassword: string | undefined;
  evidenceDir: string;
  /** Recordings that were made into files: where, how long they are kept, how many bytes they take together (0: unbounded). */
  exports: { directory: string; keptMs: number; bytesMax: number };
  /** Small pictures of recordings; it may be emptied at any time. */
  thumbnailsDir: string;
  /** The built dashboard. */
  dashboardDir: string;
  demoCameraUrl: string | undefined;
  /** Who is asked for cameras that nobody has set up yet. */
  discoveryTargets: readonly UdpTarget[];
  /** Where messages of rules may go beyond the public internet, which ports are our own, and how they are signed. */
  webhooks: { networks: readonly Network[]; ownPorts: readonly number[]; signatureFormat: SignatureFormat };
  /** What services of this installation show in X-Internal-Api-Key; undefined: their routes are closed. */
  internalApiKey: string | undefined;
  /** Adapters that requests for inference are passed on to, and what is shown to them. */
  infer: { adapters: ReadonlyMap<string, InferAdapter>; headers: Readonly<Record<string, string>> };
  /** From where agents of others are admitted by the account that they state alone. */
  lunaTrustedNetworks: readonly Network[];
  /** Networks beyond the public internet that video files of streams may be in. */
  videoFileNetworks: readonly Network[];
  /** Events that began longer ago are removed; 0: none ever. */
  eventRetentionMs: number;
  /** Frames a second that agents analyse of each stream. */
  detectFps: number;
  /** Where a WebRTC gateway answers WHEP; undefined: there is none. */
  whepUrl: string | undefined;
  /** Between two signs of life on a live stream of events. */
  liveBeatMs: number;
}

/** Settings of the recorder process. */
export interface RecorderConfig extends NvrConfig {
  host: string;
  port: number;
  segmentMs: number;
}

const builtDashboard = fileURLToPath(new URL('../../dashboard/dist/site', import.meta.url));

const nvrSettings = [
  'DATABASE_URL',
  'NATS_URL',
  'NVR_HOST',
  'NVR_PORT',
  'GATEWAY_PORT',
  'AGENT_PORT',
  'ADAPTER_PORT',
  'NIGHTJAR_RECORDER_PORT',
  'NIGHTJAR_SECRET_KEY',
  'NIGHTJAR_DATA_DIR',
  'NIGHTJAR_FRAMES_DIR',
  'NIGHTJAR_RECORDINGS_DIR',
  'NIGHTJAR_CAMERA_NETWORKS',
  'NIGHTJAR_RETENTION_DAYS',
  'NIGHTJAR_RETENTION_BYTES',
  'NIGHTJAR_RETENTION_FREE_BYTES',
  'NIGHTJAR_ARCHIVE_DIR',
  'NIGHTJAR_ARCHIVE_AFTER_HOURS',
  'NIGHTJAR_ARCHIVE_BYTES',
  'FFMPEG_PATH',
] as const;

/** @throws SettingsError */
export function readApiConfig(): ApiConfig {
  const values = loadSettings([
    ...nvrSettings,
    'BOOTSTRAP_ADMIN_PASSWORD',
    'NIGHTJAR_EVIDENCE_DIR',
    'NIGHTJAR_EXPORTS_DIR',
    'NIGHTJAR_EXPORT_RETENTION_HOURS',
    'NIGHTJAR_EXPORT_BYTES',
    'NIGHTJAR_THUMBNAILS_DIR',
    'NIGHTJAR_PUBLIC_URL',
    'NIGHTJAR_WHEP_URL',
    'NIGHTJAR_TRUSTED_PROXIES',
    'NIGHTJAR_DEMO_CAMERA_URL',
    'NIGHTJAR_CAMERA_DISCOVERY',
    'NIGHTJAR_DETECT_FPS',
    'NIGHTJAR_WEBHOOK_ALLOW_NETWORKS',
    'NIGHTJAR_WEBHOOK_SIGNATURE_FORMAT',
    'NIGHTJAR_EVENT_RETENTION_DAYS',
    'INTERNAL_API_KEY',
    'NIGHTJAR_INFER_URL',
    'NIGHTJAR_INFER_ADAPTERS',
    'OPENNVR_ADAPTER_TOKEN',
    'API_KEY',
    'NIGHTJAR_LUNA_TRUSTED_NETWORKS',
    'NIGHTJAR_VIDEOFILE_NETWORKS',
    'NIGHTJAR_LIVE_BEAT_SECONDS',
  ]);
  const shared = nvrConfigOf(values);
  requireNetworks('NIGHTJAR_TRUSTED_PROXIES', values.NIGHTJAR_TRUSTED_PROXIES);
  return {
    ...shared,
    host: values.NVR_HOST,
    port: values.NVR_PORT,
    webhooks: {
      networks: requireNetworks('NIGHTJAR_WEBHOOK_ALLOW_NETWORKS', values.NIGHTJAR_WEBHOOK_ALLOW_NETWORKS),
      ownPorts: shared.ownPorts,
      signatureFormat: values.NIGHTJAR_WEBHOOK_SIGNATURE_FORMAT,
    },
    internalApiKey: values.INTERNAL_API_KEY,
    infer: {
      adapters: readAdapters({ ownUrl: values.NIGHTJAR_INFER_URL, others: values.NIGHTJAR_INFER_ADAPTERS ?? [] }),
      headers: {
        ...(values.OPENNVR_ADAPTER_TOKEN !== undefined && { authorization: `Bearer ${values.OPENNVR_ADAPTER_TOKEN}` }),
        ...(values.API_KEY !== undefined && { 'x-api-key': values.API_KEY }),
      },
    },
    lunaTrustedNetworks: requireNetworks('NIGHTJAR_LUNA_TRUSTED_NETWORKS', values.NIGHTJAR_LUNA_TRUSTED_NETWORKS),
    videoFileNetworks: requireNetworks('NIGHTJAR_VIDEOFILE_NETWORKS', values.NIGHTJAR_VIDEOFILE_NETWORKS),
    eventRetentionMs: values.NIGHTJAR_EVENT_RETENTION_DAYS * 24 * 3_600_000,
    issuer: values.NIGHTJAR_PUBLIC_URL ?? 'nightjar',
    trustedProxies: values.NIGHTJAR_TRUSTED_PROXIES ?? [],
    adminPassword: values.BOOTSTRAP_ADMIN_PASSWORD,
    evidenceDir: path.resolve(values.NIGHTJAR_EVIDENCE_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'evidence')),
    exports: {
      directory: path.resolve(values.NIGHTJAR_EXPORTS_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'exports')),
      keptMs: values.NIGHTJAR_EXPORT_RETENTION_HOURS * 3_600_000,
      bytesMax: values.NIGHTJAR_EXPORT_BYTES,
    },
    thumbnailsDir: path.resolve(values.NIGHTJAR_THUMBNAILS_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'thumbnails')),
    dashboardDir: builtDashboard,
    demoCameraUrl: values.NIGHTJAR_DEMO_CAMERA_URL,
    discoveryTargets: values.NIGHTJAR_CAMERA_DISCOVERY.map(requireUdpTarget),
    detectFps: values.NIGHTJAR_DETECT_FPS,
    whepUrl: values.NIGHTJAR_WHEP_URL,
    liveBeatMs: values.NIGHTJAR_LIVE_BEAT_SECONDS * 1_000,
  };
}

/** @throws SettingsError */
export function readRecorderConfig(): RecorderConfig {
  const values = loadSettings([...nvrSettings, 'NIGHTJAR_SEGMENT_SECONDS']);
  return {
    ...nvrConfigOf(values),
    host: values.NVR_HOST,
    port: values.NIGHTJAR_RECORDER_PORT,
    segmentMs: values.NIGHTJAR_SEGMENT_SECONDS * 1_000,
  };
}

/** Settings of `verify-audit`. @throws SettingsError */
export function readAuditConfig(): Pick<NvrConfig, 'databaseUrl' | 'secretKey'> {
  const values = loadSettings(['DATABASE_URL', 'NIGHTJAR_SECRET_KEY']);
  return {
    databaseUrl: requireSetting('DATABASE_URL', values.DATABASE_URL),
    secretKey: requireSetting('NIGHTJAR_SECRET_KEY', values.NIGHTJAR_SECRET_KEY),
  };
}

function nvrConfigOf(values: ReturnType<typeof loadSettings<(typeof nvrSettings)[number]>>): NvrConfig {
  const databaseUrl = requireSetting('DATABASE_URL', values.DATABASE_URL);
  const natsUrl = requireSetting('NATS_URL', values.NATS_URL);
  return {
    databaseUrl,
    natsUrl,
    secretKey: requireSetting('NIGHTJAR_SECRET_KEY', values.NIGHTJAR_SECRET_KEY),
    framesDir: path.resolve(values.NIGHTJAR_FRAMES_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'frames')),
    recordingsDir: path.resolve(values.NIGHTJAR_RECORDINGS_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'recordings')),
    retention: {
      ageMsMax: values.NIGHTJAR_RETENTION_DAYS * 24 * 3_600_000,
      usedBytesMax: values.NIGHTJAR_RETENTION_BYTES,
      freeBytesMin: values.NIGHTJAR_RETENTION_FREE_BYTES,
    },
    archive: archiveOf(values),
    ffmpegPath: values.FFMPEG_PATH,
    cameraNetworks: values.NIGHTJAR_CAMERA_NETWORKS,
    ownPorts: [
      values.NVR_PORT,
      values.GATEWAY_PORT,
      values.AGENT_PORT,
      values.ADAPTER_PORT,
      values.NIGHTJAR_RECORDER_PORT,
      ...portsOf(databaseUrl, 5432),
      ...portsOf(natsUrl, 4222),
    ],
  };
}

function archiveOf(values: ReturnType<typeof loadSettings<(typeof nvrSettings)[number]>>): NvrConfig['archive'] {
  if (values.NIGHTJAR_ARCHIVE_DIR === undefined) return undefined;
  return {
    directory: path.resolve(values.NIGHTJAR_ARCHIVE_DIR),
    afterMs: values.NIGHTJAR_ARCHIVE_AFTER_HOURS * 3_600_000,
    usedBytesMax: values.NIGHTJAR_ARCHIVE_BYTES,
  };
}

/** @throws SettingsError */
function requireUdpTarget(text: string): UdpTarget {
  const [host = '', port = ''] = text.split(':');
  if (isIP(host) !== 4 || !/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
    throw new SettingsError('NIGHTJAR_CAMERA_DISCOVERY: every part must be an address and a port like 239.255.255.250:3702');
  return { host, port: Number(port) };
}
