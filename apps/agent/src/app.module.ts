import { Module, type DynamicModule } from '@nestjs/common';
import { Health } from '@nightjar/runtime';
import { WebSocketDoor } from '@nightjar/websocket-door';
import type { AgentConfig } from './config.js';
import { DecodingController } from './decode/decoding.controller.js';
import { AGENT_CONFIG, ConfigController } from './luna/config.controller.js';
import { AGENT_BUILD, DocsController } from './luna/docs/docs.controller.js';
import { HealthcheckController } from './luna/healthcheck.controller.js';
import { ListenerRights } from './luna/listener-rights.js';
import { LiveResultsController } from './luna/live-results.controller.js';
import { PluginsController } from './luna/plugins.controller.js';
import { StreamSubscribers } from '@nightjar/luna';
import { VersionController } from './luna/version.controller.js';
import { AgentMetrics } from './metrics/agent-metrics.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Plugins } from './plugins/plugins.js';
import { StreamClaims } from './streams/stream-claims.js';

/** The HTTP side of the agent; what lives longer than a request is made in `agent.ts` and given in. */
@Module({})
export class AppModule {
  static with(services: {
    config: AgentConfig;
    build: string;
    health: Health;
    metrics: AgentMetrics;
    plugins: Plugins;
    streams: StreamClaims;
    subscribers: StreamSubscribers;
    listenerRights: ListenerRights;
    door: WebSocketDoor;
  }): DynamicModule {
    return {
      module: AppModule,
      controllers: [
        VersionController,
        LiveResultsController,
        ConfigController,
        DocsController,
        HealthcheckController,
        PluginsController,
        MetricsController,
        DecodingController,
      ],
      providers: [
        { provide: AGENT_CONFIG, useValue: services.config },
        { provide: AGENT_BUILD, useValue: services.build },
        { provide: Health, useValue: services.health },
        { provide: AgentMetrics, useValue: services.metrics },
        { provide: Plugins, useValue: services.plugins },
        { provide: StreamClaims, useValue: services.streams },
        { provide: StreamSubscribers, useValue: services.subscribers },
        { provide: ListenerRights, useValue: services.listenerRights },
        { provide: WebSocketDoor, useValue: services.door },
      ],
    };
  }
}
