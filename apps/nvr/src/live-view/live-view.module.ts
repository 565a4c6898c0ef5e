import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { CamerasModule } from '../cameras/cameras.module.js';
import { PlaybackModule } from '../playback/playback.module.js';
import { CameraStreamsController } from './camera-streams.controller.js';
import { GatewayTokens } from './gateway-tokens.js';
import { HlsController } from './hls.controller.js';
import { HlsService } from './hls.service.js';
import { LiveFeeds } from './live-feeds.js';
import { LiveViewController } from './live-view.controller.js';
import { LiveViewService } from './live-view.service.js';
import { StreamAddressesController } from './stream-addresses.controller.js';

@Module({
  imports: [CamerasModule, PlaybackModule, JwtModule.register({})],
  controllers: [CameraStreamsController, LiveViewController, HlsController, StreamAddressesController],
  providers: [GatewayTokens, HlsService, LiveFeeds, LiveViewService],
})
export class LiveViewModule {}
