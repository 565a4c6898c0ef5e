import { requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import type { JobOwner } from '../jobs/insert-job.js';

/** Whose jobs the caller makes and sees. @throws AppError `permission_denied` for a caller that is neither a key nor a user */
export function requireOwner(request: FastifyRequest): JobOwner {
  const principal = requirePrincipal(request);
  if (principal.kind === 'api_key')
    return {
      tenantId: principal.tenantId,
      apiKeyId: principal.keyId,
      userId: undefined,
      faceEmbeddings: principal.faceEmbeddings === true,
    };
  if (principal.kind === 'user')
    return { tenantId: principal.tenantId, apiKeyId: undefined, userId: principal.userId, faceEmbeddings: false };
  throw new AppError('permission_denied', 'jobs belong to API keys and users');
}
