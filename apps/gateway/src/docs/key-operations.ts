import { described, flag, integer, listOf, moment, orNull, partial, pathParameter, ref, type RouteDoc, text } from '@nightjar/openapi';
import { pageOf, pageParameters } from './schemas.js';

const keyId = pathParameter('keyId', 'Id of the key');
const settings = {
  face_embeddings: described(flag, 'Whether results of its jobs hold the vectors of faces. Default: no'),
  requests_per_minute: orNull({ ...integer, minimum: 1, maximum: 1_000_000 }),
};

/** Keys of the tenant, for callers with the scope `keys:manage` and for superusers. */
export const keyOperations: readonly RouteDoc[] = [
  {
    method: 'GET',
    path: '/v1/keys',
    operationId: 'listKeys',
    summary: 'Keys of the tenant, newest first',
    parameters: pageParameters,
    replies: { 200: { description: 'A page', schema: pageOf('keys', 'ApiKey') } },
    errors: [400, 403, 429, 503],
  },
  {
    method: 'POST',
    path: '/v1/keys',
    operationId: 'createKey',
    summary: 'Make a key; the answer is the only place where it is seen',
    body: {
      'application/json': {
        schema: partial(
          { name: text, scopes: listOf({ enum: ['jobs:read', 'jobs:write', 'keys:manage', 'allowlist:manage'] }) },
          { expires_at: orNull(moment), ...settings },
        ),
        examples: { 'for a camera shop': { name: 'camera shop', scopes: ['jobs:read', 'jobs:write'] } },
      },
    },
    replies: { 201: { description: 'The key', headers: { Location: 'The key’s own address' }, schema: ref('CreatedApiKey') } },
    errors: [400, 403, 409, 422, 429, 503],
  },
  {
    method: 'GET',
    path: '/v1/keys/{keyId}',
    operationId: 'getKey',
    summary: 'One key',
    parameters: [keyId],
    replies: { 200: { description: 'The key', schema: ref('ApiKey') } },
    errors: [403, 404, 429, 503],
  },
  {
    method: 'PATCH',
    path: '/v1/keys/{keyId}',
    operationId: 'changeKey',
    summary: 'Change name and settings of a key',
    parameters: [keyId],
    body: { 'application/json': { schema: partial({}, { name: text, ...settings }) } },
    replies: { 200: { description: 'The key', schema: ref('ApiKey') } },
    errors: [400, 403, 404, 409, 422, 429, 503],
  },
  {
    method: 'POST',
    path: '/v1/keys/{keyId}/rotate',
    operationId: 'rotateKey',
    summary: 'Make the successor of a key; both are valid for a while',
    parameters: [keyId],
    body: { 'application/json': { schema: partial({ overlap_seconds: { ...integer, minimum: 0, maximum: 604_800 } }, {}) } },
    replies: { 201: { description: 'The new key', headers: { Location: 'The key’s own address' }, schema: ref('CreatedApiKey') } },
    errors: [400, 403, 404, 409, 422, 429, 503],
  },
  {
    method: 'DELETE',
    path: '/v1/keys/{keyId}',
    operationId: 'revokeKey',
    summary: 'Revoke a key; it is refused within five seconds',
    parameters: [keyId],
    replies: { 204: { description: 'Revoked' } },
    errors: [403, 404, 429, 503],
  },
];
