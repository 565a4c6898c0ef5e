import { requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import type { JobOwner } from '../jobs/job.store.js';

/** Whose jobs the caller makes and sees. @throws AppError `permission_denied` for a caller without an API key */
export function requireOwner(request: FastifyRequest): JobOwner {
  const principal = requirePrincipal(request);
  if (principal.kind !== 'api_key') throw new AppError('permission_denied', 'jobs belong to API keys');
  return { tenantId: principal.tenantId, apiKeyId: principal.keyId };
}
