import { Controller, Get, Inject, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import type { ApiConfig } from '../config.js';
import { internalService } from '../internal/internal-key.js';
import { scopes } from '../keys/api-keys.js';
import { CONFIG } from '../process-parts.js';
import type { InferAdapter } from './adapter-directory.js';
import { AdapterStatuses, type AdapterStatus } from './adapter-statuses.js';

/** Which adapters there are to ask, and how they are, as OpenNVR's clients read it. */
@Controller('api/v1/adapters')
export class AdaptersController {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly statuses: AdapterStatuses,
  ) {}

  /** Addresses are for services and admins. */
  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.runInference })
  async list(@Req() request: FastifyRequest): Promise<{ adapters: object[] }> {
    const principal = requirePrincipal(request);
    const seesAddresses = principal === internalService || (principal.kind === 'user' && principal.isSuperuser);
    const views = [...this.config.infer.adapters.values()].map(async (adapter) => ({
      ...adapterView(adapter, await this.statuses.find(adapter.url)),
      url: seesAddresses ? adapter.url : null,
    }));
    return { adapters: await Promise.all(views) };
  }
}

function adapterView({ name }: InferAdapter, { capabilities, failures, health }: AdapterStatus): object {
  return {
    name,
    adapter_name: capabilities?.adapter.name ?? null,
    adapter_version: capabilities?.adapter.version ?? null,
    model_name: capabilities?.model.name ?? null,
    model_version: capabilities?.model.version ?? null,
    tasks_advertised: capabilities?.tasks_advertised ?? [],
    fingerprint: capabilities?.model.fingerprint ?? null,
    health_status: health,
    consecutive_health_failures: failures,
    // The operator names adapters in the settings: none waits for a word.
    approval_status: 'approved',
  };
}
