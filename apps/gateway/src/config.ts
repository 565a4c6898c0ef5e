import path from 'node:path';
import { loadSettings, requireSetting } from '@nightjar/runtime';
import { processingBoundSecondsMax } from './uploads/processing-bound.js';

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
  bootstrapApiKey: string | undefined;
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
      'BOOTSTRAP_API_KEY',
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
    bootstrapApiKey: values.BOOTSTRAP_API_KEY,
  };
}
