import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { DecodingModule } from '../decoding/decoding.module.js';
import { FramesModule } from '../frames/frames.module.js';
import { AgentSockets } from './agent-sockets.js';
import { LunaAgentsController } from './luna-agents.controller.js';
import { LunaAgentsStore } from './luna-agents.store.js';
import { LunaAnalyticsController } from './luna-analytics.controller.js';
import { LunaAnalyticsService } from './luna-analytics.service.js';
import { LunaGroupsController } from './luna-groups.controller.js';
import { LunaGroupsStore } from './luna-groups.store.js';
import { LunaMaster } from './luna-master.js';
import { LunaStreamsController } from './luna-streams.controller.js';
import { LunaStreamsService } from './luna-streams.service.js';
import { LunaStreamsStore } from './luna-streams.store.js';
import { ListenerRights } from './listener-rights.js';
import { LunaTickets } from './luna-tickets.js';
import { ManagerController } from './manager.controller.js';
import { StreamFeedbackStore } from './stream-feedback.store.js';
import { StreamListenersController } from './stream-listeners.controller.js';
import { StreamListeners } from './stream-listeners.js';
import { StreamReferences } from './stream-references.js';

/** The manager's half of the Luna surface, under `/1/`. */
@Module({
  imports: [AuditModule, CamerasModule, DecodingModule, FramesModule, JwtModule.register({})],
  controllers: [
    LunaStreamsController,
    LunaGroupsController,
    LunaAnalyticsController,
    LunaAgentsController,
    StreamListenersController,
    ManagerController,
  ],
  providers: [
    LunaStreamsService,
    LunaStreamsStore,
    LunaGroupsStore,
    LunaAnalyticsService,
    LunaAgentsStore,
    LunaMaster,
    LunaTickets,
    ListenerRights,
    StreamFeedbackStore,
    StreamReferences,
    StreamListeners,
    AgentSockets,
  ],
  exports: [ListenerRights, LunaAnalyticsService, StreamFeedbackStore, StreamListeners],
})
export class LunaModule {}
