import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { FramesModule } from '../frames/frames.module.js';
import { AdapterStatuses } from './adapter-statuses.js';
import { AdaptersController } from './adapters.controller.js';
import { InferAnnouncements } from './infer-announcements.js';
import { InferController } from './infer.controller.js';
import { InferService } from './infer.service.js';
import { InferStreams } from './infer-streams.service.js';
import { SkillsController } from './skills.controller.js';

@Module({
  imports: [CamerasModule, FramesModule],
  controllers: [AdaptersController, InferController, SkillsController],
  providers: [AdapterStatuses, InferAnnouncements, InferService, InferStreams],
})
export class InferModule {}
