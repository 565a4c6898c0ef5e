import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { OrphanedRecordingsFinder } from './orphaned-recordings.js';
import { OrphansController } from './orphans.controller.js';
import { ProtectionsController } from './protections.controller.js';
import { ProtectionsService } from './protections.service.js';
import { ProtectionsStore } from './protections.store.js';
import { RecordingSettingsController } from './recording-settings.controller.js';
import { RetentionStore } from './retention.store.js';
import { StorageController } from './storage.controller.js';
import { StorageService } from './storage.service.js';

/** For the API: what the store of recordings holds, and what of it must stay. */
@Module({
  imports: [AuditModule, CamerasModule],
  controllers: [OrphansController, ProtectionsController, RecordingSettingsController, StorageController],
  providers: [OrphanedRecordingsFinder, ProtectionsService, ProtectionsStore, RetentionStore, StorageService],
  exports: [ProtectionsService],
})
export class StorageModule {}
