import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { SegmentsController } from './segments.controller.js';
import { SegmentsService } from './segments.service.js';
import { SegmentsStore } from './segments.store.js';

@Module({ providers: [SegmentsStore], exports: [SegmentsStore] })
export class SegmentRowsModule {}

@Module({ imports: [CamerasModule, SegmentRowsModule], controllers: [SegmentsController], providers: [SegmentsService] })
export class SegmentsModule {}
