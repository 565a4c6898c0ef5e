import { Controller, Get, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { requireOwner } from '../http/require-owner.js';
import { routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { UsageService } from './usage.service.js';

/** What the caller's tenant may do, and what it did. */
@Controller()
export class UsageController {
  constructor(private readonly service: UsageService) {}

  @Get(routes.limits)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  limits(@Req() request: FastifyRequest): Promise<object> {
    const principal = requirePrincipal(request);
    const requestsPerMinute = principal.kind === 'api_key' ? principal.requestsPerMinute : undefined;
    return this.service.limits({ tenantId: requireOwner(request).tenantId, requestsPerMinute });
  }

  @Get(routes.usage)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  usage(@Query() query: unknown, @Req() request: FastifyRequest): Promise<object> {
    return this.service.usage(requireOwner(request).tenantId, query);
  }
}
