import { Controller, Get, Inject, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply } from 'fastify';
import { EnginePool } from '../../engine/engine-pool.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { describeScope } from '../adapter-credentials.js';
import { AdapterMetrics } from '../adapter-metrics.js';
import { SystemHardware } from '../system-hardware.js';
import { faceRoutes } from './contract-faces.controller.js';
import { ContractInference } from './contract-inference.js';
import type { CapabilitiesResponse, HardwareEvaluation, HealthResponse } from './contract-messages.js';
import { describeCapabilities, describeHealth } from './describe-adapter.js';
import { evaluateHardware, WANTED_PROVIDERS } from './evaluate-hardware.js';
import { StreamSessions } from './stream/stream-sessions.js';

/** What Contract v1 asks an adapter of itself. Nothing here waits for a model. */
@Controller()
export class ContractStatusController {
  constructor(
    private readonly pool: EnginePool,
    private readonly inference: ContractInference,
    private readonly hardware: SystemHardware,
    @Inject(WANTED_PROVIDERS) private readonly wantedProviders: readonly ExecutionProvider[],
    private readonly streams: StreamSessions,
    private readonly metrics: AdapterMetrics,
  ) {}

  @Get('health')
  @Policy({ kind: 'public' })
  health(): HealthResponse {
    return describeHealth(this.pool.status, { startedAt: new Date(performance.timeOrigin), uptimeSeconds: performance.now() / 1_000 });
  }

  @Get('capabilities')
  @Policy({ kind: 'authenticated', scope: describeScope })
  capabilities(): CapabilitiesResponse {
    const { status } = this.pool;
    return describeCapabilities({
      status,
      tasks: this.inference.tasks,
      streamsMax: this.streams.sessionsMax,
      extraRoutes: faceRoutes,
      usesGpu: this.wantedProviders.some((provider) => provider !== 'cpu'),
    });
  }

  @Get('hardware/evaluation')
  @Policy({ kind: 'authenticated', scope: describeScope })
  async evaluateHardware(): Promise<HardwareEvaluation> {
    return evaluateHardware(
      { status: this.pool.status, hardware: await this.hardware.read(), wantedProviders: this.wantedProviders },
      new Date(),
    );
  }

  @Get('metrics')
  @Policy({ kind: 'authenticated' })
  async readMetrics(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.contentType).send(await this.metrics.render());
  }
}
