import type { IncomingMessage } from 'node:http';
import { requirePrincipal, type RoutePolicy } from '@nightjar/auth';
import { AppError, type AnswerError, type Clock, type Health } from '@nightjar/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { EnginePool } from '../../engine/engine-pool.js';
import { maxPictureBytes } from '../../intake/picture-header.js';
import { anonymousCaller } from '../adapter-credentials.js';
import { adapterIdentity } from '../adapter-identity.js';
import { memoryOf } from '../bodies/body-parsers.js';
import { readWhole } from '../bodies/read-whole.js';
import { signalOfCaller } from '../caller-signal.js';
import { refuseStrangePages } from '../refuse-strange-pages.js';
import type { InferenceStatistics } from './inference-statistics.js';
import { readHeaderBytes, readJsonBody } from './infer-request.js';
import { modelConfig } from './model-config.js';
import { OipInference } from './oip-inference.js';
import type { ServedModel } from './served-model.js';
import { unpackBody } from './packed-body.js';
import type { RequestReader } from './request-reader.js';
import { ServedModels } from './served-models.js';
import type { TaskModelParts } from './task-model.js';

interface OipParts extends TaskModelParts {
  readonly pool: EnginePool;
  readonly health: Health;
  readonly clock: Clock;
  /** Other surfaces count what they answer in it too. */
  readonly statistics: InferenceStatistics;
  readonly answerError: AnswerError;
  /** Closed with the server. */
  readonly reader: RequestReader;
}

/** Extensions of the protocol that are here, whole, as Triton names them. */
const extensions = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'model_repository(unload_dependents)',
  'parameters',
  'schedule_policy',
  'sequence',
  'sequence(string_id)',
  'statistics',
];

/** Loading may convert a model's file first. */
const loadTimeoutMs = 120_000;
const describeTimeoutMs = 30_000;

const everybody = { config: { policy: { kind: 'public' } satisfies RoutePolicy } };
const callers = { config: { policy: { kind: 'authenticated' } satisfies RoutePolicy } };

interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

const IndexRequest = z.object({ ready: z.boolean().nullish() });
const LoadRequest = z.object({ parameters: z.record(z.string(), z.unknown()).nullish() });

/**
 * The Open Inference Protocol v2 under `/v2`, with Triton's extensions. A plugin with its own parser instead of a controller:
 * a body here is bytes whatever its content type says, for clients leave it out, and numbers in JSON may have more digits than
 * JSON.parse keeps.
 */
export async function addOipRoutes(fastify: FastifyInstance, parts: OipParts): Promise<void> {
  await fastify.register(async (scope) => {
    scope.setErrorHandler(parts.answerError);
    scope.addHook('onClose', () => parts.reader.close());
    takeAnyBody(scope);
    // Bodies of any type are taken, so a browser would send those of any page without asking first. No page has a credential.
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST' && requirePrincipal(request) === anonymousCaller) refuseStrangePages(request);
    });
    const shared = { ...parts, models: new ServedModels(parts) };
    addServerRoutes(scope, shared);
    addModelRoutes(scope, shared);
    addRepositoryRoutes(scope, shared);
  });
}

interface SharedParts extends OipParts {
  readonly models: ServedModels;
}

function takeAnyBody(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) =>
    unpackBody(await readWhole(payload, maxPictureBytes, memoryOf(request)), request.headers['content-encoding'], maxPictureBytes),
  );
}

function addServerRoutes(scope: FastifyInstance, { health, models }: SharedParts): void {
  const { name, version } = adapterIdentity;
  scope.get('/v2', everybody, () => ({ name, version, extensions }));
  scope.get('/v2/health/live', everybody, () => ({ live: true }));
  scope.get('/v2/health/ready', everybody, async (_request, reply) => {
    const { ready } = await health.read();
    return reply.code(ready ? 200 : 503).send(ready ? { ready } : { ready, error: 'the server is not ready' });
  });
  scope.get('/v2/models', callers, () => ({ models: models.list().map((model) => model.name) }));
}

function addModelRoutes(scope: FastifyInstance, { models, pool, statistics, clock, reader }: SharedParts): void {
  const inference = new OipInference({ clock, statistics, reader });
  const find = ({ params }: FastifyRequest) => {
    const { name, version } = params as ModelParams;
    return models.require(name, version);
  };
  const describe = (model: ServedModel, request: FastifyRequest, reply: FastifyReply) =>
    model.describe({ signal: signalOfCaller(reply), timeoutMs: describeTimeoutMs, turn: turnOf(request) });

  scope.get('/v2/models/stats', callers, () => {
    const served = models.listVersions();
    statistics.keepOnly(served);
    return statistics.read(served);
  });
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    scope.get(path, callers, async (request, reply) => {
      const model = find(request);
      const { inputs, outputs } = await describe(model, request, reply);
      const tensors = (list: typeof inputs) => list.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
      const { name, versions, platform, notes } = model;
      return { name, versions, platform, inputs: tensors(inputs), outputs: tensors(outputs), parameters: notes };
    });
    scope.get(`${path}/ready`, callers, (request, reply) => {
      const { name, problem } = find(request);
      return problem === undefined ? { name, ready: true } : reply.code(503).send({ name, ready: false, error: problem });
    });
    scope.get(`${path}/config`, callers, async (request, reply) => {
      const model = find(request);
      return modelConfig(model, await describe(model, request, reply), pool.status.processes);
    });
    scope.get(`${path}/stats`, callers, (request) => {
      const model = find(request);
      const versions = (request.params as ModelParams).version === undefined ? model.versions : [model.version];
      return statistics.read(versions.map((version) => ({ name: model.name, version })));
    });
    scope.post(`${path}/infer`, callers, (request, reply) => answerInference(request, reply, { model: find(request), inference }));
  }
}

async function answerInference(
  request: FastifyRequest,
  reply: FastifyReply,
  { model, inference }: { model: ServedModel; inference: OipInference },
): Promise<FastifyReply> {
  if (request.notes) request.notes.task = model.name;
  const { body, headerBytes, fingerprint } = await inference.infer({
    model,
    body: bodyOf(request),
    headerBytes: readHeaderBytes(request.headers['inference-header-content-length']),
    turn: turnOf(request),
    signal: signalOfCaller(reply),
  });
  if (fingerprint !== undefined) void reply.header('X-Model-Fingerprint', fingerprint);
  if (headerBytes !== undefined) void reply.header('Inference-Header-Content-Length', String(headerBytes));
  // Binary tensors were copied into it.
  if (typeof body !== 'string') memoryOf(request).own(body);
  return reply.type(headerBytes === undefined ? 'application/json' : 'application/octet-stream').send(body);
}

function addRepositoryRoutes(scope: FastifyInstance, { models, pool }: SharedParts): void {
  scope.post('/v2/repository/index', callers, (request) => {
    const { ready } = parse(IndexRequest, request);
    return models
      .listVersions()
      .filter(({ problem }) => !ready || problem === undefined)
      .map(({ name, version, problem, isLoaded }) => ({
        name,
        version,
        state: problem === undefined ? 'READY' : 'UNAVAILABLE',
        reason: problem ?? (isLoaded ? '' : 'not loaded: the first request loads it'),
      }));
  });
  scope.post('/v2/repository/models/:name/load', callers, async (request, reply) => {
    const { parameters } = parse(LoadRequest, request);
    const [first] = Object.keys(parameters ?? {});
    if (first !== undefined)
      throw new AppError(
        'invalid_argument',
        `parameter "${first.slice(0, 64)}": models are configured by their manifests, not by this call`,
      );
    const { engineModel } = models.require((request.params as ModelParams).name);
    if (engineModel !== undefined) await pool.load(engineModel, { signal: signalOfCaller(reply), timeoutMs: loadTimeoutMs });
    return {};
  });
  scope.post('/v2/repository/models/:name/unload', callers, async (request, reply) => {
    parse(LoadRequest, request);
    const { name, engineModel } = models.require((request.params as ModelParams).name);
    if (engineModel === undefined) throw new AppError('invalid_argument', `model "${name}" takes no memory: it cannot be unloaded`);
    await pool.unload(engineModel, { signal: signalOfCaller(reply), timeoutMs: loadTimeoutMs });
    return {};
  });
}

function parse<Schema extends z.ZodType>(schema: Schema, request: FastifyRequest): z.infer<Schema> {
  const read = schema.safeParse(readJsonBody(bodyOf(request)));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new AppError('invalid_argument', `${issue?.path.join('.') || 'body'}: ${issue?.message}`);
}

/** Who asks, where the request does not say. */
function turnOf({ ip }: FastifyRequest): string {
  return `client:${ip}`;
}

function bodyOf({ body }: FastifyRequest): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array();
}
