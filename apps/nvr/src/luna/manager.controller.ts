import { Controller, Get, Inject, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { healthReply, settingsReply } from '@nightjar/luna';
import { Health } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiConfig } from '../config.js';
import { DecodeReports } from '../decoding/decode-reports.js';
import { scopes } from '../keys/api-keys.js';
import { CONFIG } from '../process-parts.js';
import { managerConfigView } from './manager-config-view.js';

/** Level of the Luna Video Manager API that this surface speaks; our own build is in header `X-Nightjar-Version`. */
const apiLevel = { Version: { api: 1, major: 0, minor: 3, patch: 4 } } as const;

/** What the manager's half of the Luna surface tells of itself, as every service of that family does. */
@Controller()
export class ManagerController {
  constructor(
    private readonly health: Health,
    private readonly reports: DecodeReports,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Get('version')
  @Policy({ kind: 'public' })
  version(): typeof apiLevel {
    return apiLevel;
  }

  /** 200 with the time it took, or 502 with what is not well; on demand also whether an agent is there. */
  @Get('healthcheck')
  @Policy({ kind: 'public' })
  async check(@Query('include_luna_services') given: unknown, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const dependents = () => [{ component: 'luna-video-agent', error: this.reports.hasAgents ? null : 'no agent of ours is heard' }];
    const { body, httpStatus } = await healthReply(this.health, { given, dependents });
    void reply.code(httpStatus);
    return body;
  }

  /** The settings in force, secrets masked: for who manages streams, since they tell of the network. */
  @Get(['config', 'configs', '1/config'])
  @Policy({ kind: 'authenticated', scope: scopes.manageStreams })
  async settings(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { body, contentType } = settingsReply(managerConfigView(this.config), request.headers.accept);
    await reply.type(contentType).header('Vary', 'Accept').send(body);
  }

  /** The NVR takes none: plugins are an agent's. */
  @Get(['plugins', '1/plugins'])
  @Policy({ kind: 'authenticated', scope: scopes.manageStreams })
  plugins(): { plugins: readonly never[] } {
    return { plugins: [] };
  }
}
