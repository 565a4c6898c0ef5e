import path from 'node:path';
import { requireNetworks, type Network } from '@nightjar/outbound';
import { isLoopbackHost, loadSettings, portsOf, requireSetting } from '@nightjar/runtime';
import type { SignatureFormat } from '@nightjar/webhooks';
import type { OperationPathsOptions } from './http/operation-paths.js';
import { readOperationPaths } from './http/read-operation-paths.js';
import type { QuotaBounds } from './quotas/quotas.js';
import { processingBoundSecondsMax } from './uploads/processing-bound.js';

const dayMs = 86_400_000;

/** What the gateway is told by its environment. */
export interface GatewayConfig {
  host: string;
  port: number;
  databaseUrl: string;
  natsUrl: string;
  mediaDir: string;
  /** Of a job that names none; 0: unbounded. */
  defaultMaxProcessingSeconds: number;
  uploadBytesMax: number;
  /** Videos that are submitted by their URL. */
  urlSubmit: {
    enabled: boolean;
    /** Networks beyond the public internet that they are fetched from. */
    networks: readonly Network[];
  };
  /** How long a job can be read after its end. */
  retentionMs: number;
  quotas: QuotaBounds;
  bootstrapApiKey: string | undefined;
  /** Where the operations of the contract stand. */
  operationPaths: OperationPathsOptions;
  callers: CallerConfig;
  /** Seals the secrets that rows hold, 32 bytes in base64; undefined: what needs one is refused. */
  secretKey: string | undefined;
  webhooks: WebhookConfig;
}

/** How callers show who they are, and how often they may. */
export interface CallerConfig {
  /** Name of the header that carries a key. */
  keyHeader: string;
  /** Where the NVR publishes the keys of its tokens. */
  jwksUrl: string;
  /** Where those keys are kept for a start without the NVR. */
  jwksCacheFile: string;
  /** `iss` of the NVR's tokens. */
  issuer: string;
  /** Of a key or user without a number of its own. */
  requestsPerMinute: number;
  /** Whose `X-Forwarded-For` is believed (CIDR). */
  trustedProxies: readonly string[];
}

interface WebhookConfig {
  /** Networks beyond the public internet that webhooks may go to. */
  networks: readonly Network[];
  /** Where this system itself listens: no webhook goes there, whatever the networks say. */
  ownPorts: readonly number[];
  signatureFormat: SignatureFormat;
}

/** @throws SettingsError when a setting is wrong or one that must be there is not */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): GatewayConfig {
  const values = loadSettings(
    [
      'GATEWAY_HOST',
      'GATEWAY_PORT',
      'DATABASE_URL',
      'NATS_URL',
      'NIGHTJAR_DATA_DIR',
      'NIGHTJAR_MEDIA_DIR',
      'NIGHTJAR_JOB_MAX_SECONDS',
      'NIGHTJAR_UPLOAD_MAX_BYTES',
      'NIGHTJAR_URL_SUBMIT',
      'NIGHTJAR_URL_SUBMIT_NETWORKS',
      'NIGHTJAR_JOB_RETENTION_DAYS',
      'NIGHTJAR_JOBS_OPEN_MAX',
      'NIGHTJAR_JOBS_PER_DAY_MAX',
      'NIGHTJAR_UPLOAD_BYTES_PER_DAY_MAX',
      'BOOTSTRAP_API_KEY',
      'NIGHTJAR_JOB_API_PREFIX',
      'NIGHTJAR_JOB_API_ROUTES',
      'NIGHTJAR_JOB_API_KEY_HEADER',
      'NIGHTJAR_JWKS_URL',
      'NVR_HOST',
      'NIGHTJAR_PUBLIC_URL',
      'NIGHTJAR_REQUESTS_PER_MINUTE',
      'NIGHTJAR_TRUSTED_PROXIES',
      'NIGHTJAR_SECRET_KEY',
      'NIGHTJAR_WEBHOOK_ALLOW_NETWORKS',
      'NIGHTJAR_WEBHOOK_SIGNATURE_FORMAT',
      'ADAPTER_PORT',
      'AGENT_PORT',
      'NVR_PORT',
      'NIGHTJAR_RECORDER_PORT',
    ],
    environment,
  );
  return {
    host: values.GATEWAY_HOST,
    port: values.GATEWAY_PORT,
    databaseUrl: requireSetting('DATABASE_URL', values.DATABASE_URL),
    natsUrl: requireSetting('NATS_URL', values.NATS_URL),
    mediaDir: values.NIGHTJAR_MEDIA_DIR ?? path.join(values.NIGHTJAR_DATA_DIR, 'media'),
    defaultMaxProcessingSeconds: Math.min(values.NIGHTJAR_JOB_MAX_SECONDS, processingBoundSecondsMax),
    uploadBytesMax: values.NIGHTJAR_UPLOAD_MAX_BYTES,
    urlSubmit: {
      enabled: values.NIGHTJAR_URL_SUBMIT,
      networks: requireNetworks('NIGHTJAR_URL_SUBMIT_NETWORKS', values.NIGHTJAR_URL_SUBMIT_NETWORKS),
    },
    retentionMs: values.NIGHTJAR_JOB_RETENTION_DAYS * dayMs,
    quotas: {
      jobsOpenMax: values.NIGHTJAR_JOBS_OPEN_MAX,
      jobsPerDayMax: values.NIGHTJAR_JOBS_PER_DAY_MAX,
      uploadBytesPerDayMax: values.NIGHTJAR_UPLOAD_BYTES_PER_DAY_MAX,
    },
    bootstrapApiKey: values.BOOTSTRAP_API_KEY,
    operationPaths: readOperationPaths(values.NIGHTJAR_JOB_API_PREFIX, values.NIGHTJAR_JOB_API_ROUTES ?? []),
    callers: {
      keyHeader: values.NIGHTJAR_JOB_API_KEY_HEADER,
      jwksUrl: values.NIGHTJAR_JWKS_URL ?? jwksUrlOnThisMachine(values.NVR_HOST, values.NVR_PORT),
      jwksCacheFile: path.join(values.NIGHTJAR_DATA_DIR, 'cache', 'gateway-jwks.json'),
      issuer: values.NIGHTJAR_PUBLIC_URL ?? 'nightjar',
      requestsPerMinute: values.NIGHTJAR_REQUESTS_PER_MINUTE,
      trustedProxies: trustedProxies(values.NIGHTJAR_TRUSTED_PROXIES ?? []),
    },
    secretKey: values.NIGHTJAR_SECRET_KEY,
    webhooks: {
      networks: requireNetworks('NIGHTJAR_WEBHOOK_ALLOW_NETWORKS', values.NIGHTJAR_WEBHOOK_ALLOW_NETWORKS),
      ownPorts: ownPorts(values),
      signatureFormat: values.NIGHTJAR_WEBHOOK_SIGNATURE_FORMAT,
    },
  };
}

/** Ports of every part of this system that may listen on this machine. */
function ownPorts(
  values: {
    [name in 'GATEWAY_PORT' | 'ADAPTER_PORT' | 'AGENT_PORT' | 'NVR_PORT' | 'NIGHTJAR_RECORDER_PORT']: number;
  } & { [name in 'DATABASE_URL' | 'NATS_URL']: string | undefined },
): number[] {
  const servers = [...portsOf(values.DATABASE_URL, 5432), ...portsOf(values.NATS_URL, 4222)];
  return [values.GATEWAY_PORT, values.ADAPTER_PORT, values.AGENT_PORT, values.NVR_PORT, values.NIGHTJAR_RECORDER_PORT, ...servers];
}

/** An NVR that listens beyond loopback listens on all addresses, as a rule. */
function jwksUrlOnThisMachine(host: string, port: number): string {
  const loopback = isLoopbackHost(host) ? host : '127.0.0.1';
  return `http://${loopback.includes(':') ? `[${loopback}]` : loopback}:${port}/.well-known/jwks.json`;
}

/** Checked here, understood by the HTTP server. */
function trustedProxies(networks: readonly string[]): readonly string[] {
  requireNetworks('NIGHTJAR_TRUSTED_PROXIES', networks);
  return networks;
}
