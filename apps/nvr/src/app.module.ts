import { Module, type DynamicModule } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Health } from '@nightjar/runtime';
import { WebSocketDoor } from '@nightjar/websocket-door';
import { AppsModule } from './apps/apps.module.js';
import { AuditModule } from './audit/audit.module.js';
import { AuthModule } from './auth/auth.module.js';
import { RequestAuthenticator } from './auth/request-authenticator.js';
import { SessionCheck } from './auth/session-check.js';
import { SignInPolicies } from './auth/sign-in-policies.js';
import { SigningKeys } from './auth/signing-keys.js';
import { BestPicturesModule } from './best-pictures/best-pictures.module.js';
import { CamerasModule } from './cameras/cameras.module.js';
import type { ApiConfig } from './config.js';
import { DocsController } from './docs/docs.controller.js';
import { DecodingModule } from './decoding/decoding.module.js';
import { ErasureModule } from './erasure/erasure.module.js';
import { EventsModule } from './events/events.module.js';
import { ExportsModule } from './exports/exports.module.js';
import { FacesModule } from './faces/faces.module.js';
import { FramesModule } from './frames/frames.module.js';
import { DatabaseAwayInterceptor } from './http/database-away.js';
import { HealthController } from './http/health.controller.js';
import { InferModule } from './infer/infer.module.js';
import { InternalModule } from './internal/internal.module.js';
import { ApiKeys } from './keys/api-keys.js';
import { KeysModule } from './keys/keys.module.js';
import { LiveModule } from './live/live.module.js';
import { StreamTickets } from './live/stream-tickets.js';
import { LiveTickets } from './live-view/live-tickets.js';
import { LiveViewModule } from './live-view/live-view.module.js';
import { LunaModule } from './luna/luna.module.js';
import { PlaybackModule } from './playback/playback.module.js';
import { PlaybackTickets } from './playback/playback-tickets.js';
import { ProcessPartsModule, type ProcessParts } from './process-parts.js';
import { RecordingTickets } from './segments/recording-tickets.js';
import { RulesModule } from './rules/rules.module.js';
import { StorageModule } from './retention/storage.module.js';
import { SegmentsModule } from './segments/segments.module.js';
import { SetupModule } from './setup/setup.module.js';
import { StreamsModule } from './streams/streams.module.js';
import { SystemModule } from './system/system.module.js';
import { UnsupportedController } from './unsupported/unsupported.controller.js';
import { UsersStore } from './users/users.store.js';

/** What must stand before the first route: whoever asks is authenticated before Nest sees the request. */
export interface Authentication {
  users: UsersStore;
  policies: SignInPolicies;
  sessions: SessionCheck;
  signingKeys: SigningKeys;
  apiKeys: ApiKeys;
  tickets: RecordingTickets;
  streamTickets: StreamTickets;
  liveTickets: LiveTickets;
  playbackTickets: PlaybackTickets;
  authenticator: RequestAuthenticator;
}

/** The API process: one module for each feature. */
@Module({})
export class AppModule {
  static with(
    parts: ProcessParts<ApiConfig>,
    authentication: Authentication,
    { door, health }: { door: WebSocketDoor; health: Health },
  ): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ProcessPartsModule.with(parts, [
          ...authenticationProviders(authentication),
          { provide: WebSocketDoor, useValue: door },
          { provide: Health, useValue: health },
        ]),
        AuditModule,
        AuthModule,
        SetupModule,
        CamerasModule,
        DecodingModule,
        StreamsModule,
        FramesModule,
        EventsModule,
        BestPicturesModule,
        ErasureModule,
        RulesModule,
        AppsModule,
        InferModule,
        InternalModule,
        FacesModule,
        KeysModule,
        LiveModule,
        LunaModule,
        LiveViewModule,
        SegmentsModule,
        StorageModule,
        SystemModule,
        PlaybackModule,
        ExportsModule,
      ],
      controllers: [HealthController, DocsController, UnsupportedController],
      providers: [{ provide: APP_INTERCEPTOR, useClass: DatabaseAwayInterceptor }],
    };
  }
}

function authenticationProviders({
  apiKeys,
  authenticator,
  liveTickets,
  playbackTickets,
  policies,
  sessions,
  signingKeys,
  streamTickets,
  tickets,
  users,
}: Authentication) {
  return [
    { provide: UsersStore, useValue: users },
    { provide: SignInPolicies, useValue: policies },
    { provide: SessionCheck, useValue: sessions },
    { provide: ApiKeys, useValue: apiKeys },
    { provide: SigningKeys, useValue: signingKeys },
    { provide: RecordingTickets, useValue: tickets },
    { provide: StreamTickets, useValue: streamTickets },
    { provide: LiveTickets, useValue: liveTickets },
    { provide: PlaybackTickets, useValue: playbackTickets },
    { provide: RequestAuthenticator, useValue: authenticator },
  ];
}
