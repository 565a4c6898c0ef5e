import { Module, type DynamicModule } from '@nestjs/common';
import { LiveResultsController } from './luna/live-results.controller.js';
import { StreamSubscribers } from './luna/stream-subscribers.js';
import { VersionController } from './luna/version.controller.js';
import { WebSocketDoor } from './luna/websocket-door.js';
import { StreamClaims } from './streams/stream-claims.js';

/** The HTTP side of the agent; what lives longer than a request is made in `agent.ts` and given in. */
@Module({})
export class AppModule {
  static with(services: { streams: StreamClaims; subscribers: StreamSubscribers; door: WebSocketDoor }): DynamicModule {
    return {
      module: AppModule,
      controllers: [VersionController, LiveResultsController],
      providers: [
        { provide: StreamClaims, useValue: services.streams },
        { provide: StreamSubscribers, useValue: services.subscribers },
        { provide: WebSocketDoor, useValue: services.door },
      ],
    };
  }
}
