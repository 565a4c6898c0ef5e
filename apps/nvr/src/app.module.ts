import { Module, type DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AuthModule } from './auth/auth.module.js';
import { RequestAuthenticator } from './auth/request-authenticator.js';
import { SigningKeys } from './auth/signing-keys.js';
import { CamerasModule } from './cameras/cameras.module.js';
import type { ApiConfig } from './config.js';
import { EventsModule } from './events/events.module.js';
import { FramesModule } from './frames/frames.module.js';
import { DatabaseAwayInterceptor } from './http/database-away.js';
import { HealthController } from './http/health.controller.js';
import { LiveModule } from './live/live.module.js';
import { ProcessPartsModule, type ProcessParts } from './process-parts.js';
import { RecordingTickets } from './segments/recording-tickets.js';
import { SegmentsModule } from './segments/segments.module.js';
import { StreamsModule } from './streams/streams.module.js';
import { UsersStore } from './users/users.store.js';

/** What must stand before the first route: whoever asks is authenticated before Nest sees the request. */
export interface Authentication {
  users: UsersStore;
  signingKeys: SigningKeys;
  tickets: RecordingTickets;
  authenticator: RequestAuthenticator;
}

/** The API process: one module for each feature. */
@Module({})
export class AppModule {
  static with(parts: ProcessParts<ApiConfig>, authentication: Authentication): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ProcessPartsModule.with(parts, authenticationProviders(authentication)),
        AuthModule,
        CamerasModule,
        StreamsModule,
        FramesModule,
        EventsModule,
        LiveModule,
        SegmentsModule,
      ],
      controllers: [HealthController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: DatabaseAwayInterceptor }],
    };
  }
}

function authenticationProviders({ authenticator, signingKeys, tickets, users }: Authentication) {
  return [
    { provide: UsersStore, useValue: users },
    { provide: SigningKeys, useValue: signingKeys },
    { provide: RecordingTickets, useValue: tickets },
    { provide: RequestAuthenticator, useValue: authenticator },
  ];
}
