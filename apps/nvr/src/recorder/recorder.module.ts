import { Module, type DynamicModule } from '@nestjs/common';
import type { FfmpegBinary } from '@nightjar/media';
import { CameraConnectionsModule } from '../cameras/cameras.module.js';
import type { RecorderConfig } from '../config.js';
import { ProcessPartsModule, type ProcessParts } from '../process-parts.js';
import { RetentionModule } from '../retention/retention.module.js';
import { SegmentRowsModule } from '../segments/segment-rows.module.js';
import { CameraRecorders, FFMPEG } from './camera-recorders.js';
import { LiveSources } from './live-sources.js';
import { RecorderCondition } from './recorder-condition.js';
import { RecorderService } from './recorder.service.js';
import { RecordingRepair } from './recording-repair.js';
import { SegmentRows } from './segment-rows.js';

/** The recorder process: a restart of the API never interrupts it. */
@Module({})
export class RecorderModule {
  static with(parts: ProcessParts<RecorderConfig>, ffmpeg: FfmpegBinary): DynamicModule {
    return {
      module: RecorderModule,
      imports: [ProcessPartsModule.with(parts), CameraConnectionsModule, RetentionModule, SegmentRowsModule],
      providers: [
        { provide: FFMPEG, useValue: ffmpeg },
        CameraRecorders,
        LiveSources,
        RecorderCondition,
        RecorderService,
        RecordingRepair,
        SegmentRows,
      ],
    };
  }
}
