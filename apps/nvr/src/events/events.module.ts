import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { EventsStore } from './events.store.js';
import { EvidenceFiles } from './evidence-files.js';

@Module({
  imports: [CamerasModule],
  controllers: [EventsController],
  providers: [EventsService, EventsStore, EvidenceFiles],
  exports: [EventsService, EventsStore],
})
export class EventsModule {}
