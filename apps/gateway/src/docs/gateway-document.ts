import { integer, listOf, type OpenApiDocument, partial, type RouteDoc, type SurfaceDoc, text, writeDocument } from '@nightjar/openapi';
import type { OperationPaths } from '../http/operation-paths.js';
import { contractOperations } from './contract-operations.js';
import { jobOperations } from './job-operations.js';
import { keyOperations } from './key-operations.js';
import { probes } from './probe-operations.js';
import { schemas } from './schemas.js';
import { statusOperations, statusSchemas } from './status-operations.js';
import { uploadOperations } from './upload-operations.js';

const description = [
  'Videos and pictures in, results out: persons, faces, text, shots and sections. A job is stored before you hear 202, and is never lost after it.',
  'Every request needs an API key, or the token of a user of the NVR. Errors of the job API proper are `{"error": {"code", "message"}}`; those of everything under `/v1` are RFC 9457 problems.',
].join('\n\n');

const statusTexts: Readonly<Record<number, string>> = {
  400: 'The request makes no sense, which the answer explains',
  401: 'A key or token is missing or not valid',
  403: 'The key lacks the scope that this needs',
  404: 'There is none, or it is somebody else’s',
  409: 'Not in this state, or not while another request is under way',
  410: 'It was given up',
  412: 'Not the version of the protocol that this server speaks',
  413: 'Too large',
  415: 'Not a media type that is taken here',
  422: 'Well formed, and still not what can be taken: the answer names the fields',
  429: 'Over the rate or the quota; `Retry-After` says when to come back',
  503: 'Too busy, or a part of the system is away; `Retry-After` says when to come back',
};

const problem: SurfaceDoc['error'] = {
  name: 'Problem',
  contentType: 'application/problem+json',
  schema: partial(
    { type: text, title: text, status: integer, detail: text, instance: text, code: text },
    { errors: listOf(partial({ path: text, message: text }, {})), request_id: text },
  ),
};

/** What a client of this installation has to know. */
export function gatewayDocument(options: { paths: OperationPaths; keyHeader: string; version: string }): OpenApiDocument {
  const { paths, keyHeader, version } = options;
  const own = (tag: string, text: string, routes: readonly RouteDoc[]): SurfaceDoc => ({
    tag,
    description: text,
    bases: [''],
    error: problem,
    routes,
  });
  return writeDocument({
    info: {
      title: 'Nightjar job API',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    surfaces: [
      contractOperations(paths),
      own('Jobs', 'Jobs beyond the contract: lists, live updates, cancelling, webhook deliveries.', jobOperations),
      own('Uploads', 'Large videos in pieces that survive a broken line: the tus protocol.', uploadOperations),
      own('Keys', 'Who may call.', keyOperations),
      own('System', 'Bounds, use, condition; faces that are known.', statusOperations),
      own('Probes and documents', 'For orchestrators and for readers.', probes),
    ],
    schemas: { ...schemas, ...statusSchemas },
    securitySchemes: {
      apiKeyAuth: { type: 'apiKey', in: 'header', name: keyHeader },
      bearer: { type: 'http', scheme: 'bearer' },
    },
    statusTexts,
  });
}
