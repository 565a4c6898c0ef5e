import { Module } from '@nestjs/common';
import { SegmentRowsModule } from '../segments/segment-rows.module.js';
import { ArchiveService } from './archive.service.js';
import { RetentionService } from './retention.service.js';
import { RetentionStore } from './retention.store.js';

/** For the recorder process, which removes what has expired. */
@Module({
  imports: [SegmentRowsModule],
  providers: [RetentionStore, RetentionService, ArchiveService],
  exports: [RetentionService, ArchiveService],
})
export class RetentionModule {}
