import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { PlaybackModule } from '../playback/playback.module.js';
import { ExportRunner } from './export-runner.js';
import { ExportsController } from './exports.controller.js';
import { ExportsService } from './exports.service.js';
import { ExportsStore } from './exports.store.js';

@Module({
  imports: [AuditModule, CamerasModule, PlaybackModule],
  controllers: [ExportsController],
  providers: [ExportRunner, ExportsService, ExportsStore],
})
export class ExportsModule {}
