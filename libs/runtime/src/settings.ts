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
      .transform((value) => value.toLowerCase())
      .pipe(z.enum(['true', 'false']))
      .transform((value) => value === 'true'),
    'adapter: true asks every caller for X-API-Key',
  ),
  API_KEY: setting(text.optional(), 'adapter: the key that REQUIRE_AUTH=true asks for; the NVR shows it to the adapters of /api/v1/infer'),
  OPENNVR_ADAPTER_TOKEN: setting(
    z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII without spaces')
      .optional(),
    'adapter: the bearer token every caller must send; X-API-Key is as good where API_KEY is asked for. The NVR shows it to the adapters of /api/v1/infer',
  ),
  ADAPTER_ROOT_SURFACE: setting(
    z.enum(['legacy', 'contract']).default('legacy'),
    'adapter: what its root answers; the legacy surface also stands under /legacy, Adapter Contract v1 under /contract',
  ),
  NATS_SERVER_PATH: setting(text.optional(), 'nats-server executable for the launcher; else the one on PATH'),
  NIGHTJAR_BUS_PORT: setting(port.default(0), 'port of the bus that the launcher starts; 0: a free one, another one at each start'),
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
    'encrypts stored secrets (signing keys, camera passwords, webhook secrets)',
  ),
  NIGHTJAR_MEDIA_DIR: setting(text.optional(), 'media store of the job API; default <data dir>/media'),
  NIGHTJAR_RECORDINGS_DIR: setting(text.optional(), 'recorded segments; default <data dir>/recordings'),
  NIGHTJAR_FRAMES_DIR: setting(text.optional(), 'latest frames and event pictures; default <data dir>/frames'),
  NIGHTJAR_EVIDENCE_DIR: setting(text.optional(), 'pictures of events; default <data dir>/evidence'),
  NIGHTJAR_MODELS_DIR: setting(text.optional(), 'folder of your own models, one directory each; default <data dir>/models'),
  NIGHTJAR_TASKS_DIR: setting(text.optional(), 'folder of your own tasks, one directory each; default <data dir>/tasks'),
  NIGHTJAR_MODEL_CACHE_DIR: setting(text.optional(), 'converted models; default <data dir>/model-cache'),
  NIGHTJAR_ENGINE_PROCESSES: setting(
    count.default(0),
    'engine processes of the adapter; 0: one per core, on a GPU one for every four cores, four at most',
  ),
  NIGHTJAR_ENGINE_RUNS_AT_ONCE: setting(
    z.coerce.number().int().min(0).max(64).default(0),
    'requests an engine process works on at a time; 0: one, or eight on a GPU, which decodes pictures while it computes',
  ),
  NIGHTJAR_ADAPTER_PROVIDERS: setting(
    z
      .string()
      .default('cpu')
      .transform(listOf)
      .pipe(z.array(z.enum(['cpu', 'cuda', 'tensorrt'])).min(1)),
    'where models run, in order of preference: cpu, cuda, tensorrt, separated by commas; what is not named is never used',
  ),
  NIGHTJAR_ADAPTER_MODELS: setting(
    text.transform(listOf).optional(),
    'model that does a kind of work when a caller names none, e.g. detector=centernet,captioner=my-blip',
  ),
  NIGHTJAR_ADAPTER_IDLE_UNLOAD_SECONDS: setting(
    count.default(600),
    'a model that nobody used for so long gives its memory back; 0: never; those of NIGHTJAR_ADAPTER_PRELOAD stay',
  ),
  NIGHTJAR_ADAPTER_MEMORY_MB: setting(
    count.default(0),
    'resident memory of all engine processes together, in MiB; a model that does not fit makes the least recently used ones go; 0: unbounded',
  ),
  NIGHTJAR_ADAPTER_VRAM_MB: setting(
    count.default(0),
    'what models of all engine processes hold on GPUs together, in MiB; the least recently used make room; 0: unbounded',
  ),
  NIGHTJAR_ADAPTER_PRELOAD: setting(
    z
      .string()
      .default('nanodet')
      .transform((value) => (value === 'none' ? [] : listOf(value))),
    'models the adapter loads before it is ready, separated by commas; none: no model. It does not start without them',
  ),
  NIGHTJAR_ADAPTER_TASKS: setting(text.transform(listOf).optional(), 'tasks the adapter offers, separated by commas; default all'),
  NIGHTJAR_ADAPTER_FRAME_ALLOW: setting(
    text.transform(listOf).optional(),
    'frames directories the adapter may read, separated by commas; default all',
  ),
  NIGHTJAR_ADAPTER_URL_FRAMES: setting(flag.default(false), '1: the adapter fetches frames from http(s) URLs of the public internet'),
  NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS: setting(
    text.transform(listOf).optional(),
    'networks beyond the public internet that URL frames may come from (CIDR, commas), e.g. 192.168.0.0/16',
  ),
  NIGHTJAR_ADAPTER_URL_FRAME_PORTS: setting(
    text
      .transform(listOf)
      .pipe(z.array(z.coerce.number<string>().int().min(1).max(65_535)))
      .optional(),
    'ports beside 80 and 443 that URL frames may come from, separated by commas',
  ),
  NIGHTJAR_JOB_MAX_SECONDS: setting(count.default(0), 'processing bound of a job that names none; 0: unbounded'),
  NIGHTJAR_JOB_RETENTION_DAYS: setting(
    z.coerce.number().positive().max(3_650).default(30),
    'days that a job and its result can be read after its end; then they are removed',
  ),
  NIGHTJAR_JOBS_OPEN_MAX: setting(
    count.max(2 ** 31 - 1).default(1_000),
    'jobs of a tenant that may wait or run at a time; 0: unbounded; table jobs.tenant may say something else for one tenant',
  ),
  NIGHTJAR_JOBS_PER_DAY_MAX: setting(count.max(2 ** 31 - 1).default(0), 'jobs that a tenant may submit on a day (UTC); 0: unbounded'),
  NIGHTJAR_UPLOAD_BYTES_PER_DAY_MAX: setting(count.default(0), 'bytes of uploads that a tenant may submit on a day (UTC); 0: unbounded'),
  NIGHTJAR_JOB_API_PREFIX: setting(
    z
      .string()
      .regex(/^(\/|(\/[A-Za-z0-9._~-]+)+)$/, 'must be a path like /v0.2, or / for none')
      .default('/v0.2'),
    'path that the operations of the job API stand below',
  ),
  NIGHTJAR_JOB_API_ROUTES: setting(
    text.transform(listOf).optional(),
    'paths of operations below the prefix, separated by commas: submitVideo, submitImages, videoResult, imageResult, latency, capacity; e.g. submitVideo=/video,videoResult=/video/{job_id}',
  ),
  NIGHTJAR_JOB_API_KEY_HEADER: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the name of a header')
      .default('X-API-Key'),
    'request header that carries the key of the job API; Authorization: Bearer does too',
  ),
  NIGHTJAR_REQUESTS_PER_MINUTE: setting(
    z.coerce.number().int().min(1).max(1_000_000).default(600),
    'requests that a key or user may make to one gateway of the job API; a key may have a number of its own',
  ),
  NIGHTJAR_TRUSTED_PROXIES: setting(
    text.transform(listOf).optional(),
    'proxies before the job API and the NVR whose X-Forwarded-For is believed (CIDR, commas); default none',
  ),
  NIGHTJAR_EVENT_RETENTION_DAYS: setting(
    z.coerce.number().min(0).max(36_500).default(0),
    'days after which events and their pictures are removed, whole months at once where possible; 0: never',
  ),
  INTERNAL_API_KEY: setting(
    z.string().min(32).optional(),
    'what services and apps of this installation show to the NVR in X-Internal-Api-Key, 32 characters or more; without it their routes are closed',
  ),
  NIGHTJAR_INFER_URL: setting(
    text.optional(),
    'where our adapter speaks Contract v1 for /api/v1/infer of the NVR, e.g. http://127.0.0.1:9100/contract; the launcher sets it; in a private network',
  ),
  NIGHTJAR_INFER_ADAPTERS: setting(
    text.transform(listOf).optional(),
    'further adapters of /api/v1/infer, name=url with commas between them, e.g. yolov8=http://10.0.0.4:9002; in private networks',
  ),
  NIGHTJAR_WEBHOOK_ALLOW_NETWORKS: setting(
    text.transform(listOf).optional(),
    'networks beyond the public internet that webhooks may go to (CIDR, commas), e.g. 192.168.0.0/16',
  ),
  NIGHTJAR_WEBHOOK_SIGNATURE_FORMAT: setting(
    z.enum(['sha256=hex', 'hex']).default('sha256=hex'),
    'how X-Webhook-Signature is written: with sha256= before the digest, or the digest alone',
  ),
  NIGHTJAR_URL_SUBMIT: setting(flag.default(true), '0: the job API takes no videos by their URL'),
  NIGHTJAR_URL_SUBMIT_NETWORKS: setting(
    text.transform(listOf).optional(),
    'networks beyond the public internet that submitted videos are fetched from (CIDR, commas), e.g. 192.168.0.0/16',
  ),
  NIGHTJAR_VIDEOFILE_NETWORKS: setting(
    text.transform(listOf).optional(),
    'networks beyond the public internet that video files of streams are fetched from (CIDR, commas), e.g. 192.168.0.0/16',
  ),
  NIGHTJAR_VIDEOFILE_MAX_BYTES: setting(
    count.default(2 * 1024 ** 3),
    'largest video file of a stream; an agent holds one for each such stream, on disk, while it is analysed',
  ),
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
  NIGHTJAR_AGENT_SELF_CHECK: setting(
    flag.default(true),
    '0: an agent does not analyse a small video and a picture of its own after its start, by which the job API tells a latency before its first job',
  ),
  NIGHTJAR_AGENT_HWACCEL: setting(
    z.enum(['none', 'vaapi', 'nvdec', 'qsv']).default('none'),
    'where an agent decodes live cameras: none (CPU), vaapi, nvdec or qsv; on the CPU where that is not to be had, with the reason in the log',
  ),
  NIGHTJAR_AGENT_IDLE_SECONDS: setting(
    z.coerce.number().min(0).max(86_400).default(60),
    'a camera on which nothing moved for so long is decoded by its key frames alone until something does; 0: always everything',
  ),
  NIGHTJAR_PLUGINS_DIR: setting(text.optional(), 'folder of your own agent plugins, one directory each; default <data dir>/plugins'),
  NIGHTJAR_AGENT_PLUGINS: setting(
    z.string().default('').transform(listOf),
    'plugins the agent runs, separated by commas; request_monitoring comes with it',
  ),
  NIGHTJAR_DETECT_FPS: setting(z.coerce.number().positive().max(30).default(2), 'frames a second that are analysed of a live stream'),
  NIGHTJAR_LUNA_TRUSTED_NETWORKS: setting(
    text.transform(listOf).optional(),
    'networks (CIDR, commas) from which Luna agents of others are admitted by Luna-Account-Id alone; default none',
  ),
  NIGHTJAR_LIVE_BEAT_SECONDS: setting(
    z.coerce.number().min(1).max(60).default(15),
    'seconds between two signs of life on live streams of events; each also asks anew who may listen',
  ),
  NIGHTJAR_RECORDER_PORT: setting(port.default(8001), 'port of the recorder for /livez and /readyz'),
  NIGHTJAR_SEGMENT_SECONDS: setting(z.coerce.number().int().min(2).max(60).default(60), 'longest recorded file'),
  NIGHTJAR_RETENTION_DAYS: setting(z.coerce.number().min(0).max(36_500).default(0), 'days that recordings are kept; 0: unbounded'),
  NIGHTJAR_RETENTION_BYTES: setting(count.default(0), 'bytes that recordings may take; the oldest go first; 0: unbounded'),
  NIGHTJAR_RETENTION_FREE_BYTES: setting(
    count.default(1024 ** 3),
    'bytes that stay free on the disk of recordings; the oldest go first; 0: recordings may fill it',
  ),
  NIGHTJAR_ARCHIVE_DIR: setting(
    text.optional(),
    'directory, usually of a larger and slower disk, that old recordings move to; it must exist; unset: they stay where they are',
  ),
  NIGHTJAR_ARCHIVE_AFTER_HOURS: setting(
    z.coerce.number().min(0).max(876_000).default(24),
    'hours after its end that a recording moves to the archive; earlier when the disk of recordings gets short',
  ),
  NIGHTJAR_ARCHIVE_BYTES: setting(count.default(0), 'bytes that the archive may take; the oldest go first; 0: unbounded'),
  NIGHTJAR_EXPORTS_DIR: setting(text.optional(), 'exported recordings; default <data dir>/exports'),
  NIGHTJAR_EXPORT_RETENTION_HOURS: setting(
    z.coerce.number().positive().max(87_600).default(72),
    'hours that an exported recording can be fetched after it was made; then it is removed',
  ),
  NIGHTJAR_EXPORT_BYTES: setting(
    count.default(20 * 1024 ** 3),
    'bytes that exported recordings may take together; an export that does not fit fails; 0: unbounded',
  ),
  NIGHTJAR_THUMBNAILS_DIR: setting(
    text.optional(),
    'small pictures of recordings, which are made again when they are gone; default <data dir>/thumbnails',
  ),
  NIGHTJAR_CAMERA_NETWORKS: setting(
    z.string().default('10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7').transform(listOf),
    'networks that cameras may be in (CIDR, commas)',
  ),
  NIGHTJAR_CAMERA_DISCOVERY: setting(
    z.string().default('239.255.255.250:3702').transform(listOf),
    'where ONVIF cameras are looked for, as IPv4 address:port (commas): the multicast group, a broadcast address, or cameras themselves',
  ),
  NIGHTJAR_DEMO_CAMERA_URL: setting(text.optional(), 'set by the launcher: RTSP address of the demo camera'),
  NIGHTJAR_PUBLIC_URL: setting(z.url().optional(), 'address of the NVR as its users see it; part of what its tokens name as issuer'),
  NIGHTJAR_WHEP_URL: setting(
    z.url({ protocol: /^https?$/ }).optional(),
    'address of a WebRTC gateway as browsers reach it, e.g. https://video.example:8889; its paths are cam-<camera id>',
  ),
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
type SettingValue<Name extends SettingName> = z.infer<(typeof settings)[Name]['schema']>;

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
