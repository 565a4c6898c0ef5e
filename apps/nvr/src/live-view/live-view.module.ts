import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { FramesModule } from '../frames/frames.module.js';
import { HlsController } from './hls.controller.js';
import { HlsService } from './hls.service.js';
import { LiveFeeds } from './live-feeds.js';
import { LiveViewController } from './live-view.controller.js';
import { LiveViewService } from './live-view.service.js';

@Module({
  imports: [CamerasModule, FramesModule],
  controllers: [LiveViewController, HlsController],
  providers: [HlsService, LiveFeeds, LiveViewService],
})
export class LiveViewModule {}
