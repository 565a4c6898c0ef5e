import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true');
const count = z.coerce.number().int().min(0);
const text = z.string().min(1);
/** Names with commas between them. */
const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
const host = z.string().regex(/^[A-Za-z0-9.:-]+$/, 'must be a host name or an address');

interface Setting<Schema extends z.ZodType = z.ZodType> {
  schema: Schema;
  help: string;
}

const setting = <Schema extends z.ZodType>(schema: Schema, help: string): Setting<Schema> => ({ schema, help });

/** Every environment setting of every process, in one table: what is not here is refused if it begins with `NIGHTJAR_`. */
export const settings = {
  DATABASE_URL: setting(text.optional(), 'Postgres to use; without it the launcher starts an embedded one'),
  NATS_URL: setting(text.optional(), 'NATS server to use, e.g. nats://token@host:4222; without it the launcher starts one'),
  FFMPEG_PATH: setting(text.optional(), 'FFmpeg executable; else the one on PATH'),
  GATEWAY_PORT: setting(port.default(8080), 'port of the job API'),
  NVR_PORT: setting(port.default(8000), 'port of the NVR API and the dashboard'),
  AGENT_PORT: setting(port.default(5240), 'port of the agent'),
  ADAPTER_PORT: setting(port.default(9100), 'port of the adapter'),
  GATEWAY_HOST: setting(host.default('127.0.0.1'), 'address the job API listens on'),
  NVR_HOST: setting(host.default('127.0.0.1'), 'address the NVR listens on'),
  AGENT_HOST: setting(host.default('127.0.0.1'), 'address the agent listens on'),
  ADAPTER_HOST: setting(host.default('127.0.0.1'), 'address the adapter listens on'),
  BOOTSTRAP_ADMIN_PASSWORD: setting(z.string().min(8).optional(), 'first password of user "admin" (at least 8 characters)'),
  BOOTSTRAP_API_KEY: setting(z.string().min(16).optional(), 'first API key of the job API (at least 16 characters)'),
  REQUIRE_AUTH: setting(
    z
      .string()
      .default('false')
      .transform((value) => value.toLowerCase() === 'true'),
    'adapter: true asks every caller for X-API-Key',
  ),
  API_KEY: setting(text.optional(), 'adapter: the key that REQUIRE_AUTH=true asks for'),
  NATS_SERVER_PATH: setting(text.optional(), 'nats-server executable for the launcher; else the one on PATH'),
  NIGHTJAR_DATA_DIR: setting(text.default('.nightjar'), 'where everything is kept'),
  NIGHTJAR_DEMO: setting(flag.default(true), '0: no demo camera'),
  NIGHTJAR_NO_APT: setting(flag.default(false), '1: the launcher never installs FFmpeg by itself'),
  NIGHTJAR_NO_EMBEDDED_NATS_SERVER: setting(flag.default(false), '1: use the embedded broker even where nats-server is found'),
  NIGHTJAR_LOG_LEVEL: setting(z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'), 'debug, info, warn, error or silent'),
  NIGHTJAR_ALLOW_OPEN: setting(flag.default(false), '1: listen beyond loopback without credentials'),
  NIGHTJAR_SUPERVISED: setting(flag.default(false), 'set by the launcher: stop when it goes away'),
  NIGHTJAR_SECRET_KEY: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64')
      .optional(),
    'encrypts stored secrets (signing keys, camera passwords)',
  ),
  NIGHTJAR_MEDIA_DIR: setting(text.optional(), 'media store of the job API; default <data dir>/media'),
  NIGHTJAR_RECORDINGS_DIR: setting(text.optional(), 'recorded segments; default <data dir>/recordings'),
  NIGHTJAR_FRAMES_DIR: setting(text.optional(), 'latest frames and event pictures; default <data dir>/frames'),
  NIGHTJAR_EVIDENCE_DIR: setting(text.optional(), 'pictures of events; default <data dir>/evidence'),
  NIGHTJAR_MODEL_CACHE_DIR: setting(text.optional(), 'converted models; default <data dir>/models'),
  NIGHTJAR_ENGINE_PROCESSES: setting(count.default(0), 'engine processes of the adapter; 0: one per core'),
  NIGHTJAR_ADAPTER_PRELOAD: setting(
    z.string().default('nanodet').transform(listOf),
    'models the adapter loads before it is ready, separated by commas',
  ),
  NIGHTJAR_ADAPTER_FRAME_ALLOW: setting(
    text.transform(listOf).optional(),
    'frames directories the adapter may read, separated by commas; default all',
  ),
  NIGHTJAR_JOB_MAX_SECONDS: setting(count.default(0), 'processing bound of a job that names none; 0: unbounded'),
  NIGHTJAR_UPLOAD_MAX_BYTES: setting(count.default(5 * 1024 ** 3), 'largest video the job API accepts'),
  NIGHTJAR_AGENT_ID: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .optional(),
    'name of this agent; default host name and process id',
  ),
  NIGHTJAR_AGENT_STREAM_SLOTS: setting(count.default(16), 'live streams an agent takes'),
  NIGHTJAR_AGENT_JOB_SLOTS: setting(count.default(1), 'jobs an agent runs at a time'),
  NIGHTJAR_DETECT_FPS: setting(z.coerce.number().positive().max(30).default(2), 'frames a second that are analysed of a live stream'),
  NIGHTJAR_RECORDER_PORT: setting(port.default(8001), 'port of the recorder for /livez and /readyz'),
  NIGHTJAR_SEGMENT_SECONDS: setting(z.coerce.number().int().min(2).max(60).default(60), 'longest recorded file'),
  NIGHTJAR_CAMERA_NETWORKS: setting(
    z.string().default('10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7').transform(listOf),
    'networks that cameras may be in (CIDR, commas)',
  ),
  NIGHTJAR_DEMO_CAMERA_URL: setting(text.optional(), 'set by the launcher: RTSP address of the demo camera'),
  NIGHTJAR_PUBLIC_URL: setting(z.url().optional(), 'address of the NVR as its users see it; part of what its tokens name as issuer'),
  NIGHTJAR_JWKS_URL: setting(z.url().optional(), 'where agent and gateway fetch the keys of JWTs; default the NVR on loopback'),
  NIGHTJAR_ADAPTER_ID: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .optional(),
    'name of this adapter; default host name and process id',
  ),
} as const;

export type SettingName = keyof typeof settings;
export type SettingValue<Name extends SettingName> = z.infer<(typeof settings)[Name]['schema']>;

/** A setting is wrong; the text names it, says what is wrong with it, and never repeats its value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the named settings from an environment. An empty value counts as absent.
 * @throws SettingsError on a wrong value, or on any `NIGHTJAR_` name that no process knows
 */
export function loadSettings<Name extends SettingName>(
  names: readonly Name[],
  environment: NodeJS.ProcessEnv = process.env,
): { readonly [N in Name]: SettingValue<N> } {
  const unknown = Object.keys(environment).filter((name) => name.startsWith('NIGHTJAR_') && !Object.hasOwn(settings, name));
  if (unknown.length > 0) throw new SettingsError(`unknown setting ${unknown.sort().join(', ')}: see "npm start -- --help" for the list`);
  const values = names.map((name) => {
    const given = environment[name];
    const read = settings[name].schema.safeParse(given === '' ? undefined : given);
    if (!read.success)
      throw new SettingsError(`${name}: ${read.error.issues.map((issue) => issue.message).join('; ')} (${settings[name].help})`);
    return [name, read.data];
  });
  return Object.freeze(Object.fromEntries(values)) as { readonly [N in Name]: SettingValue<N> };
}

/**
 * A setting that a service can't do without, though the launcher can.
 * @throws SettingsError when it is absent
 */
export function requireSetting(name: SettingName, value: string | undefined): string {
  if (value === undefined)
    throw new SettingsError(`${name} must be set: "npm start" does it on one machine, elsewhere the deployment must`);
  return value;
}

/** Whether an address is reachable from this machine only. */
export function isLoopbackHost(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}
