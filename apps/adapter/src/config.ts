import { createHash } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { isLoopbackHost, loadSettings, portsOf, settings, SettingsError } from '@nightjar/runtime';
import type { ExecutionProvider, ModelKind } from './engine/protocol.js';
import { asksForCredentials, type AdapterCredentials } from './http/adapter-credentials.js';
import type { RootSurface } from './http/surface.js';
import { requireNetworks, type Network } from '@nightjar/outbound';

const names = [
  'ADAPTER_HOST',
  'ADAPTER_PORT',
  'ADAPTER_ROOT_SURFACE',
  'AGENT_PORT',
  'GATEWAY_PORT',
  'NVR_PORT',
  'REQUIRE_AUTH',
  'API_KEY',
  'NATS_URL',
  'NIGHTJAR_ADAPTER_FRAME_ALLOW',
  'NIGHTJAR_ADAPTER_ID',
  'NIGHTJAR_ADAPTER_IDLE_UNLOAD_SECONDS',
  'NIGHTJAR_ADAPTER_MEMORY_MB',
  'NIGHTJAR_ADAPTER_MODELS',
  'NIGHTJAR_ADAPTER_PRELOAD',
  'NIGHTJAR_ADAPTER_TASKS',
  'NIGHTJAR_ADAPTER_PROVIDERS',
  'NIGHTJAR_ADAPTER_URL_FRAMES',
  'NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS',
  'NIGHTJAR_ADAPTER_URL_FRAME_PORTS',
  'NIGHTJAR_ADAPTER_VRAM_MB',
  'NIGHTJAR_ALLOW_OPEN',
  'NIGHTJAR_DATA_DIR',
  'NIGHTJAR_ENGINE_PROCESSES',
  'NIGHTJAR_ENGINE_RUNS_AT_ONCE',
  'NIGHTJAR_FRAMES_DIR',
  'NIGHTJAR_LOG_LEVEL',
  'NIGHTJAR_MODEL_CACHE_DIR',
  'NIGHTJAR_MODELS_DIR',
  'NIGHTJAR_RECORDER_PORT',
  'NIGHTJAR_TASKS_DIR',
  'OPENNVR_ADAPTER_TOKEN',
] as const;

/** A GPU computes while the processor decodes the next pictures, and several requests make a batch. */
const gpuRunsAtOnce = 8;

/**
 * One GPU is faster than one process that decodes pictures for it. Seen on an H100 with 16 cores, eight requests or fewer at once in
 * each: one process 106 pictures a second (28 with one request at once), two 193, four 261, eight 293. Each takes a gigabyte of memory.
 */
function gpuProcesses(cores: number): number {
  return Math.min(4, Math.max(1, Math.floor(cores / 4)));
}

const modelKinds: Readonly<Record<ModelKind, true>> = {
  detector: true,
  face_detector: true,
  face_mesh: true,
  face_descriptor: true,
  text_reader: true,
  captioner: true,
  classifier: true,
  embedder: true,
  tensors: true,
};

export interface AdapterConfig {
  readonly host: string;
  readonly port: number;
  /** One of these every caller must show; without either nobody is asked. */
  readonly credentials: AdapterCredentials;
  readonly rootSurface: RootSurface;
  /** Absent: HTTP only. */
  readonly natsUrl: string | undefined;
  readonly adapterId: string;
  readonly framesDir: string;
  readonly framesAllowed: ReadonlySet<string> | undefined;
  /** Where frames from http(s) URLs may come from beyond the public internet's ports 80 and 443; undefined: they are off. */
  readonly urlFrames: { networks: readonly Network[]; ports: readonly number[]; ownPorts: readonly number[] } | undefined;
  /** Tasks that are offered; undefined: all that can be done. */
  readonly tasksEnabled: ReadonlySet<string> | undefined;
  /** Registered faces of an adapter without a bus. */
  readonly facesFile: string;
  readonly modelCacheDir: string;
  /** Models and tasks of the operator; need not exist. */
  readonly modelsDir: string;
  readonly tasksDir: string;
  readonly providers: readonly ExecutionProvider[];
  /** Model by kind. */
  readonly defaultModels: Readonly<Record<string, string>>;
  readonly engineProcesses: number;
  /** Requests in flight in one engine process. */
  readonly runsAtOnce: number;
  readonly preload: readonly string[];
  /** 0: never. */
  readonly idleUnloadMs: number;
  /** Resident memory of all engine processes together; 0: unbounded. */
  readonly memoryBudgetBytes: number;
  /** What the models of all engine processes hold on GPUs together; 0: unbounded. */
  readonly vramBudgetBytes: number;
  readonly logLevel: string;
}

/** @throws SettingsError when a setting is wrong, or when the adapter would be open to the network without meaning to */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): AdapterConfig {
  const values = loadSettings(names, environment);
  if (values.REQUIRE_AUTH && values.API_KEY === undefined) throw new SettingsError('REQUIRE_AUTH=true needs API_KEY');
  const credentials = { apiKey: values.REQUIRE_AUTH ? values.API_KEY : undefined, token: values.OPENNVR_ADAPTER_TOKEN };
  if (!isLoopbackHost(values.ADAPTER_HOST) && !asksForCredentials(credentials) && !values.NIGHTJAR_ALLOW_OPEN) {
    throw new SettingsError(
      `ADAPTER_HOST=${values.ADAPTER_HOST} opens the adapter to the network: set REQUIRE_AUTH=true and API_KEY, or OPENNVR_ADAPTER_TOKEN, or NIGHTJAR_ALLOW_OPEN=1 if anybody may use it`,
    );
  }
  const dataDir = path.resolve(values.NIGHTJAR_DATA_DIR);
  const onGpu = values.NIGHTJAR_ADAPTER_PROVIDERS.some((provider) => provider !== 'cpu');
  return {
    host: values.ADAPTER_HOST,
    port: values.ADAPTER_PORT,
    credentials,
    rootSurface: values.ADAPTER_ROOT_SURFACE,
    natsUrl: values.NATS_URL,
    adapterId: values.NIGHTJAR_ADAPTER_ID ?? defaultAdapterId(),
    framesDir: values.NIGHTJAR_FRAMES_DIR ?? path.join(dataDir, 'frames'),
    framesAllowed: values.NIGHTJAR_ADAPTER_FRAME_ALLOW && new Set(values.NIGHTJAR_ADAPTER_FRAME_ALLOW),
    urlFrames: values.NIGHTJAR_ADAPTER_URL_FRAMES
      ? {
          networks: requireNetworks('NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS', values.NIGHTJAR_ADAPTER_URL_FRAME_NETWORKS),
          ports: values.NIGHTJAR_ADAPTER_URL_FRAME_PORTS ?? [],
          ownPorts: [
            values.ADAPTER_PORT,
            values.AGENT_PORT,
            values.GATEWAY_PORT,
            values.NVR_PORT,
            values.NIGHTJAR_RECORDER_PORT,
            ...portsOf(values.NATS_URL, 4222),
          ],
        }
      : undefined,
    modelCacheDir: values.NIGHTJAR_MODEL_CACHE_DIR ?? path.join(dataDir, 'model-cache'),
    tasksEnabled: values.NIGHTJAR_ADAPTER_TASKS && new Set(values.NIGHTJAR_ADAPTER_TASKS),
    facesFile: path.join(dataDir, 'faces.bin'),
    modelsDir: values.NIGHTJAR_MODELS_DIR ?? path.join(dataDir, 'models'),
    tasksDir: values.NIGHTJAR_TASKS_DIR ?? path.join(dataDir, 'tasks'),
    providers: values.NIGHTJAR_ADAPTER_PROVIDERS,
    defaultModels: readDefaultModels(values.NIGHTJAR_ADAPTER_MODELS ?? []),
    engineProcesses: values.NIGHTJAR_ENGINE_PROCESSES || (onGpu ? gpuProcesses(os.availableParallelism()) : os.availableParallelism()),
    runsAtOnce: values.NIGHTJAR_ENGINE_RUNS_AT_ONCE || (onGpu ? gpuRunsAtOnce : 1),
    preload: values.NIGHTJAR_ADAPTER_PRELOAD,
    idleUnloadMs: values.NIGHTJAR_ADAPTER_IDLE_UNLOAD_SECONDS * 1_000,
    memoryBudgetBytes: values.NIGHTJAR_ADAPTER_MEMORY_MB * 1024 ** 2,
    vramBudgetBytes: values.NIGHTJAR_ADAPTER_VRAM_MB * 1024 ** 2,
    logLevel: values.NIGHTJAR_LOG_LEVEL,
  };
}

/** `kind=model`, each kind once. */
function readDefaultModels(parts: readonly string[]): Readonly<Record<string, string>> {
  const pairs = parts.map((part) => {
    const [kind, model, ...rest] = part.split('=').map((text) => text.trim());
    if (!kind || !model || rest.length > 0 || !Object.hasOwn(modelKinds, kind)) {
      throw new SettingsError(
        `NIGHTJAR_ADAPTER_MODELS: every part must be kind=model, with a kind of ${Object.keys(modelKinds).join(', ')}`,
      );
    }
    return [kind, model] as const;
  });
  const models = Object.fromEntries(pairs);
  if (Object.keys(models).length < pairs.length) throw new SettingsError('NIGHTJAR_ADAPTER_MODELS: a kind is named twice');
  return models;
}

/**
 * What engine processes get of this process's environment: the machine's part of it (where libraries lie, what devices there are).
 * Settings come by message, and no credential is any business of theirs.
 */
export function engineEnvironment(environment: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith('NIGHTJAR_') && !Object.hasOwn(settings, name)),
  );
}

/** Part of a bus subject, where a host name's dots would be separators; hashed, so that no host name leaves the machine. */
function defaultAdapterId(): string {
  const host = createHash('sha256').update(os.hostname()).digest('hex').slice(0, 12);
  return `adapter-${host}-${process.pid}`;
}
