import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { loadSettings, settings, type SettingName } from '@nightjar/runtime';

/** The checkout (or image) this program lies in. */
export const checkoutDir = fileURLToPath(new URL('../../../', import.meta.url));

/** What one service listens on. `port` 0 lets the launcher choose a free one. */
export interface ListenSetting {
  readonly host: string;
  readonly port: number;
  /** Name of the setting that moves it, for messages. */
  readonly portSetting: SettingName;
}

/** What the launcher was told. */
export interface LauncherConfig {
  /** Absolute. */
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly natsUrl: string | undefined;
  /** Of the bus that is started; 0: a free one. */
  readonly busPort: number;
  readonly natsServerPath: string | undefined;
  readonly embeddedBrokerOnly: boolean;
  readonly ffmpegPath: string | undefined;
  readonly aptRefused: boolean;
  readonly demo: boolean;
  readonly adminPassword: string | undefined;
  readonly apiKey: string | undefined;
  readonly secretKey: string | undefined;
  readonly framesDir: string;
  readonly listen: Readonly<Record<'adapter' | 'nvr' | 'recorder' | 'gateway' | 'agent', ListenSetting>>;
  /** What every service inherits: the environment and `.env`, without what only some may know. */
  readonly inherited: Readonly<Record<string, string>>;
  /** What the adapter's own callers must show. */
  readonly adapterKey: string | undefined;
  readonly adapterToken: string | undefined;
}

/** Settings that go only to the services that need them. */
const notInherited: readonly SettingName[] = [
  'DATABASE_URL',
  'NATS_URL',
  'BOOTSTRAP_ADMIN_PASSWORD',
  'BOOTSTRAP_API_KEY',
  'NIGHTJAR_SECRET_KEY',
  'API_KEY',
  'OPENNVR_ADAPTER_TOKEN',
];

/**
 * Reads the environment over the file `.env` of the working directory. Every setting is checked here, also those that only
 * a service reads, so that nothing is started for nothing.
 * @throws SettingsError
 */
export function readLauncherConfig(environment: NodeJS.ProcessEnv = process.env, workingDir = process.cwd()): LauncherConfig {
  const merged = { ...readDotEnv(path.join(workingDir, '.env')), ...definedOnly(environment) };
  const values = loadSettings(Object.keys(settings) as SettingName[], merged);
  const given = (name: SettingName): string | undefined => merged[name] || undefined;

  const dataDir =
    given('NIGHTJAR_DATA_DIR') === undefined ? path.join(checkoutDir, '.nightjar') : path.resolve(workingDir, values.NIGHTJAR_DATA_DIR);
  const inherited = Object.fromEntries(Object.entries(merged).filter(([name]) => !notInherited.includes(name as SettingName)));
  return {
    dataDir,
    databaseUrl: values.DATABASE_URL,
    natsUrl: values.NATS_URL,
    busPort: values.NIGHTJAR_BUS_PORT,
    natsServerPath: values.NATS_SERVER_PATH,
    embeddedBrokerOnly: values.NIGHTJAR_NO_EMBEDDED_NATS_SERVER,
    ffmpegPath: values.FFMPEG_PATH,
    aptRefused: values.NIGHTJAR_NO_APT,
    demo: values.NIGHTJAR_DEMO,
    adminPassword: values.BOOTSTRAP_ADMIN_PASSWORD,
    apiKey: values.BOOTSTRAP_API_KEY,
    secretKey: values.NIGHTJAR_SECRET_KEY,
    framesDir: path.resolve(workingDir, values.NIGHTJAR_FRAMES_DIR ?? path.join(dataDir, 'frames')),
    listen: {
      adapter: { host: values.ADAPTER_HOST, port: values.ADAPTER_PORT, portSetting: 'ADAPTER_PORT' },
      nvr: { host: values.NVR_HOST, port: values.NVR_PORT, portSetting: 'NVR_PORT' },
      // Only we ask the recorder how it is: any free port does, unless one is asked for.
      recorder: {
        host: values.NVR_HOST,
        port: given('NIGHTJAR_RECORDER_PORT') === undefined ? 0 : values.NIGHTJAR_RECORDER_PORT,
        portSetting: 'NIGHTJAR_RECORDER_PORT',
      },
      gateway: { host: values.GATEWAY_HOST, port: values.GATEWAY_PORT, portSetting: 'GATEWAY_PORT' },
      agent: { host: values.AGENT_HOST, port: values.AGENT_PORT, portSetting: 'AGENT_PORT' },
    },
    inherited,
    adapterKey: values.API_KEY,
    adapterToken: values.OPENNVR_ADAPTER_TOKEN,
  };
}

/**
 * Where `npm run migrate` finds its database.
 * @throws SettingsError
 */
export function readDatabaseUrl(environment: NodeJS.ProcessEnv = process.env, workingDir = process.cwd()): string | undefined {
  return loadSettings(['DATABASE_URL'], { ...readDotEnv(path.join(workingDir, '.env')), ...definedOnly(environment) }).DATABASE_URL;
}

function readDotEnv(file: string): Record<string, string> {
  return existsSync(file) ? definedOnly(parseEnv(readFileSync(file, 'utf8'))) : {};
}

/** An environment without the names that have no value. */
export function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
