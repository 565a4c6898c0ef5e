import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { StorageModule } from '../retention/storage.module.js';
import { FlagController } from './flag.controller.js';
import { PathPlaybackController } from './path-playback.controller.js';
import { RecordedSessionsController } from './recorded-sessions.controller.js';
import { SegmentRowsModule } from './segment-rows.module.js';
import { SegmentsController } from './segments.controller.js';
import { SegmentsService } from './segments.service.js';
import { TimelineController } from './timeline.controller.js';
import { TimelineService } from './timeline.service.js';
import { TimelineStore } from './timeline.store.js';

@Module({
  imports: [CamerasModule, SegmentRowsModule, StorageModule],
  controllers: [FlagController, PathPlaybackController, RecordedSessionsController, SegmentsController, TimelineController],
  providers: [SegmentsService, TimelineService, TimelineStore],
})
export class SegmentsModule {}
