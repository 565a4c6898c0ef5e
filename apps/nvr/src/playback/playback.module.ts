import { Module } from '@nestjs/common';
import { findFfmpeg } from '@nightjar/media';
import { CamerasModule } from '../cameras/cameras.module.js';
import type { NvrConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { FFMPEG } from '../recorder/camera-recorders.js';
import { SegmentRowsModule } from '../segments/segment-rows.module.js';
import { ExportDownloadController } from './export-download.controller.js';
import { HlsController } from './hls.controller.js';
import { PlaybackController } from './playback.controller.js';
import { ClipsService } from './clips.service.js';
import { PlaybackService } from './playback.service.js';
import { PlaybackSessionsService } from './playback-sessions.service.js';
import { PlaybackSessionsStore } from './playback-sessions.store.js';
import { SegmentIndexes } from './segment-indexes.js';
import { ThumbnailsController } from './thumbnails.controller.js';
import { ThumbnailsService } from './thumbnails.service.js';

@Module({
  imports: [CamerasModule, SegmentRowsModule],
  controllers: [ExportDownloadController, HlsController, PlaybackController, ThumbnailsController],
  providers: [
    ClipsService,
    PlaybackService,
    PlaybackSessionsService,
    PlaybackSessionsStore,
    SegmentIndexes,
    ThumbnailsService,
    // Undefined where there is none: everything else of the API works without it.
    { provide: FFMPEG, inject: [CONFIG], useFactory: (config: NvrConfig) => findFfmpeg({ configuredPath: config.ffmpegPath }) },
  ],
  exports: [ClipsService, PlaybackService],
})
export class PlaybackModule {}
