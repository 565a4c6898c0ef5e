import { Controller, Get, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply } from 'fastify';
import { AgentMetrics } from './agent-metrics.js';

/** Numbers for Prometheus, of each stream and of the process. */
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: AgentMetrics) {}

  @Get()
  @Policy({ kind: 'authenticated' })
  async read(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.contentType).send(await this.metrics.render());
  }
}
