import { Controller, Get, Query, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { healthReply } from '@nightjar/luna';
import { Health } from '@nightjar/runtime';
import type { FastifyReply } from 'fastify';
import { StreamClaims } from '../streams/stream-claims.js';

/** The manager is asked for streams every three seconds: three missed answers and it counts as away. */
const managerSilentMsMax = 10_000;

/** `GET /healthcheck?include_luna_services=0|1`: 200 with the time it took, or 502 with what is not well. */
@Controller('healthcheck')
export class HealthcheckController {
  constructor(
    private readonly health: Health,
    private readonly streams: StreamClaims,
  ) {}

  @Get()
  @Policy({ kind: 'public' })
  async check(@Query('include_luna_services') given: unknown, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const dependents = () => [{ component: 'luna-video-manager', error: this.managerProblem() }];
    const { body, httpStatus } = await healthReply(this.health, { given, dependents });
    reply.code(httpStatus);
    return body;
  }

  private managerProblem(): string | null {
    const { managerSilentMs } = this.streams;
    if (managerSilentMs === undefined) return 'it has not answered yet';
    return managerSilentMs > managerSilentMsMax ? 'it does not answer' : null;
  }
}
