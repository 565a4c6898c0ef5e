import { Module } from '@nestjs/common';
import { SegmentsStore } from './segments.store.js';

/** Rows of recorded files, for both processes. */
@Module({ providers: [SegmentsStore], exports: [SegmentsStore] })
export class SegmentRowsModule {}
