import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { isLoopbackHost, loadSettings, SettingsError } from '@nightjar/runtime';

const names = [
  'ADAPTER_HOST',
  'ADAPTER_PORT',
  'REQUIRE_AUTH',
  'API_KEY',
  'NATS_URL',
  'NIGHTJAR_ADAPTER_FRAME_ALLOW',
  'NIGHTJAR_ADAPTER_ID',
  'NIGHTJAR_ADAPTER_PRELOAD',
  'NIGHTJAR_ALLOW_OPEN',
  'NIGHTJAR_DATA_DIR',
  'NIGHTJAR_ENGINE_PROCESSES',
  'NIGHTJAR_FRAMES_DIR',
  'NIGHTJAR_LOG_LEVEL',
  'NIGHTJAR_MODEL_CACHE_DIR',
] as const;

export interface AdapterConfig {
  readonly host: string;
  readonly port: number;
  /** The key every caller must send as `X-API-Key`; undefined: nobody is asked. */
  readonly apiKey: string | undefined;
  /** Absent: HTTP only. */
  readonly natsUrl: string | undefined;
  readonly adapterId: string;
  readonly framesDir: string;
  readonly framesAllowed: ReadonlySet<string> | undefined;
  readonly modelCacheDir: string;
  readonly engineProcesses: number;
  readonly preload: readonly string[];
  readonly logLevel: string;
}

/** @throws SettingsError when a setting is wrong, or when the adapter would be open to the network without meaning to */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): AdapterConfig {
  const values = loadSettings(names, environment);
  if (values.REQUIRE_AUTH && values.API_KEY === undefined) throw new SettingsError('REQUIRE_AUTH=true needs API_KEY');
  if (!isLoopbackHost(values.ADAPTER_HOST) && !values.REQUIRE_AUTH && !values.NIGHTJAR_ALLOW_OPEN) {
    throw new SettingsError(
      `ADAPTER_HOST=${values.ADAPTER_HOST} opens the adapter to the network: set REQUIRE_AUTH=true and API_KEY, or NIGHTJAR_ALLOW_OPEN=1 if anybody may use it`,
    );
  }
  const dataDir = path.resolve(values.NIGHTJAR_DATA_DIR);
  return {
    host: values.ADAPTER_HOST,
    port: values.ADAPTER_PORT,
    apiKey: values.REQUIRE_AUTH ? values.API_KEY : undefined,
    natsUrl: values.NATS_URL,
    adapterId: values.NIGHTJAR_ADAPTER_ID ?? defaultAdapterId(),
    framesDir: values.NIGHTJAR_FRAMES_DIR ?? path.join(dataDir, 'frames'),
    framesAllowed: values.NIGHTJAR_ADAPTER_FRAME_ALLOW && new Set(values.NIGHTJAR_ADAPTER_FRAME_ALLOW),
    modelCacheDir: values.NIGHTJAR_MODEL_CACHE_DIR ?? path.join(dataDir, 'models'),
    engineProcesses: values.NIGHTJAR_ENGINE_PROCESSES || os.availableParallelism(),
    preload: values.NIGHTJAR_ADAPTER_PRELOAD,
    logLevel: values.NIGHTJAR_LOG_LEVEL,
  };
}

/** Part of a bus subject, where a host name's dots would be separators; hashed, so that no host name leaves the machine. */
function defaultAdapterId(): string {
  const host = createHash('sha256').update(os.hostname()).digest('hex').slice(0, 12);
  return `adapter-${host}-${process.pid}`;
}
