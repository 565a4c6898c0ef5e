import type { JsonSchema, ParameterDoc, RouteDoc, SurfaceDoc } from '@nightjar/openapi';

const text: JsonSchema = { type: 'string' };
const anyObject: JsonSchema = { type: 'object' };
const nameParameter: ParameterDoc = { name: 'name', in: 'path', description: 'A task, or a model', required: true };
const versionParameter: ParameterDoc = {
  name: 'version',
  in: 'path',
  description: 'May leave out its last parts: `3` means `3.0.4`',
  required: true,
};

const requestTensor: JsonSchema = {
  type: 'object',
  required: ['name', 'shape', 'datatype'],
  properties: {
    name: text,
    shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
    datatype: { type: 'string', examples: ['FP32', 'UINT8', 'BYTES'] },
    data: { type: 'array' },
    parameters: anyObject,
  },
};
const inferRequest: JsonSchema = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: text,
    inputs: { type: 'array', items: requestTensor },
    outputs: { type: 'array', items: { type: 'object', required: ['name'], properties: { name: text, parameters: anyObject } } },
    parameters: anyObject,
  },
};
const inferResponse: JsonSchema = {
  type: 'object',
  required: ['model_name', 'outputs'],
  properties: {
    id: text,
    model_name: text,
    model_version: text,
    outputs: { type: 'array', items: requestTensor },
    parameters: anyObject,
  },
};

/** The Open Inference Protocol v2. */
export const oipRoutes: SurfaceDoc = {
  tag: 'Open Inference Protocol v2',
  description: 'Models and tasks as tensors in, tensors out; with binary tensors, repository control and statistics.',
  bases: [''],
  error: { name: 'OipError', schema: { type: 'object', required: ['error'], properties: { error: text } } },
  routes: [
    ...serverRoutes(),
    ...modelRoutes('/v2/models/{name}', [nameParameter]),
    ...modelRoutes('/v2/models/{name}/versions/{version}', [nameParameter, versionParameter]),
    ...repositoryRoutes(),
  ],
};

function serverRoutes(): RouteDoc[] {
  return [
    {
      method: 'GET',
      path: '/v2',
      summary: 'Name, version and extensions of the server',
      isPublic: true,
      replies: { 200: { description: 'The server', schema: anyObject } },
    },
    {
      method: 'GET',
      path: '/v2/health/live',
      summary: 'Whether the server turns',
      isPublic: true,
      replies: { 200: { description: 'It does', schema: anyObject } },
    },
    {
      method: 'GET',
      path: '/v2/health/ready',
      summary: 'Whether the server is ready',
      isPublic: true,
      replies: { 200: { description: 'Ready', schema: anyObject }, 503: { description: 'Not ready', schema: anyObject } },
    },
    {
      method: 'GET',
      path: '/v2/models',
      summary: 'Names of all models and tasks',
      replies: { 200: { description: 'The names', schema: anyObject } },
    },
    {
      method: 'GET',
      path: '/v2/models/stats',
      summary: 'Statistics of all models',
      replies: { 200: { description: 'The statistics', schema: anyObject } },
    },
  ];
}

function modelRoutes(path: string, parameters: readonly ParameterDoc[]): RouteDoc[] {
  const errors = [404, 503];
  return [
    {
      method: 'GET',
      path,
      summary: 'Inputs and outputs of a model',
      parameters,
      replies: { 200: { description: 'The model', schema: anyObject } },
      errors,
    },
    {
      method: 'GET',
      path: `${path}/ready`,
      summary: 'Whether a model can be used',
      parameters,
      replies: { 200: { description: 'It can', schema: anyObject }, 503: { description: 'It can’t, with the reason', schema: anyObject } },
      errors: [404],
    },
    {
      method: 'GET',
      path: `${path}/config`,
      summary: 'Configuration of a model, as Triton writes it',
      parameters,
      replies: { 200: { description: 'The configuration', schema: anyObject } },
      errors,
    },
    {
      method: 'GET',
      path: `${path}/stats`,
      summary: 'Statistics of a model',
      parameters,
      replies: { 200: { description: 'The statistics', schema: anyObject } },
      errors,
    },
    {
      method: 'POST',
      path: `${path}/infer`,
      summary: 'Run a model',
      description:
        'JSON; or with header `Inference-Header-Content-Length` that many bytes of JSON and then the tensors as raw bytes, little-endian.',
      parameters: [
        ...parameters,
        {
          name: 'Inference-Header-Content-Length',
          in: 'header',
          description: 'Length of the JSON before the tensors',
          schema: { type: 'integer', minimum: 0 },
        },
      ],
      body: { 'application/json': { schema: inferRequest }, 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
      replies: { 200: { description: 'The outputs', schema: inferResponse } },
      errors: [400, 404, 413, 415, 500, 503, 504],
    },
  ];
}

function repositoryRoutes(): RouteDoc[] {
  const body = { 'application/json': { schema: anyObject } };
  return [
    {
      method: 'POST',
      path: '/v2/repository/index',
      summary: 'Every version of every model, with its state',
      body,
      replies: { 200: { description: 'The models', schema: { type: 'array', items: anyObject } } },
      errors: [400],
    },
    ...['load', 'unload'].map((verb): RouteDoc => ({
      method: 'POST',
      path: `/v2/repository/models/{name}/${verb}`,
      summary: verb === 'load' ? 'Load a model, in every engine process' : 'Unload a model and give its memory back',
      parameters: [nameParameter],
      body,
      replies: { 200: { description: 'Done', schema: anyObject } },
      errors: [400, 404, 500, 503],
    })),
  ];
}
