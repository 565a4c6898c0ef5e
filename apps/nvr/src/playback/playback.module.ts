import { Module } from '@nestjs/common';
import { findFfmpeg } from '@nightjar/media';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import type { NvrConfig } from '../config.js';
import { FramesModule } from '../frames/frames.module.js';
import { CONFIG } from '../process-parts.js';
import { FFMPEG } from '../recorder/camera-recorders.js';
import { SegmentRowsModule } from '../segments/segment-rows.module.js';
import { ExportDownloadController } from './export-download.controller.js';
import { HlsController } from './hls.controller.js';
import { NewestPictures } from './newest-pictures.js';
import { PlaybackController } from './playback.controller.js';
import { ClipsService } from './clips.service.js';
import { PlaybackService } from './playback.service.js';
import { PlaybackSessionsService } from './playback-sessions.service.js';
import { PlaybackSessionsStore } from './playback-sessions.store.js';
import { SegmentIndexes } from './segment-indexes.js';
import { SnapshotController } from './snapshot.controller.js';
import { ThumbnailsController } from './thumbnails.controller.js';
import { ThumbnailsService } from './thumbnails.service.js';

@Module({
  imports: [AuditModule, CamerasModule, FramesModule, SegmentRowsModule],
  controllers: [ExportDownloadController, HlsController, PlaybackController, SnapshotController, ThumbnailsController],
  providers: [
    ClipsService,
    NewestPictures,
    PlaybackService,
    PlaybackSessionsService,
    PlaybackSessionsStore,
    SegmentIndexes,
    ThumbnailsService,
    // Undefined where there is none: everything else of the API works without it.
    { provide: FFMPEG, inject: [CONFIG], useFactory: (config: NvrConfig) => findFfmpeg({ configuredPath: config.ffmpegPath }) },
  ],
  exports: [ClipsService, NewestPictures, PlaybackService],
})
export class PlaybackModule {}
