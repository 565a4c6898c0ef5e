import { Controller, Get, Query, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError, Health } from '@nightjar/runtime';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { StreamClaims } from '../streams/stream-claims.js';
import { asLuna, linkOf, lunaErrors } from '@nightjar/luna';

const IncludeServices = z.enum(['0', '1']).default('0');
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
    const include = IncludeServices.safeParse(given);
    if (!include.success)
      throw new AppError('invalid_argument', 'include_luna_services is neither 0 nor 1', {
        details: asLuna(lunaErrors.parameterInvalid, "path 'include_luna_services' message 'must be 0 or 1'"),
      });
    const startedMs = performance.now();
    const { checks } = await this.health.read();
    const components = Object.entries(checks).map(([component, said]) => ({ component, error: said === 'ok' ? null : said }));
    if (include.data === '1') components.push({ component: 'luna-video-manager', error: this.managerProblem() });
    const execution_time = Math.round(performance.now() - startedMs) / 1_000;
    const ill = components.filter(({ error }) => error !== null);
    if (ill.length === 0) return { execution_time };
    reply.code(502);
    return {
      ...lunaErrors.unhealthy,
      detail: `Not well: ${ill.map(({ component }) => component).join(', ')}`,
      link: linkOf(lunaErrors.unhealthy),
      execution_time,
      components: components.map(({ component, error }) => ({
        component,
        status: error === null ? 200 : 502,
        error: error === null ? null : { desc: error },
      })),
    };
  }

  private managerProblem(): string | null {
    const { managerSilentMs } = this.streams;
    if (managerSilentMs === undefined) return 'it has not answered yet';
    return managerSilentMs > managerSilentMsMax ? 'it does not answer' : null;
  }
}
