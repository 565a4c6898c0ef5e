import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { RulesModule } from '../rules/rules.module.js';
import { EventUpkeep } from './event-upkeep.js';
import { EventUpkeepStore } from './event-upkeep.store.js';
import { EventWriter } from './event-writer.js';
import { EventListStore } from './event-list.store.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';
import { EventsStore } from './events.store.js';
import { EvidenceFiles } from './evidence-files.js';
import { ReviewsController } from './reviews.controller.js';
import { ReviewsService } from './reviews.service.js';
import { ReviewsStore } from './reviews.store.js';

@Module({
  imports: [CamerasModule, RulesModule],
  controllers: [EventsController, ReviewsController],
  providers: [
    EventsService,
    EventsStore,
    EventListStore,
    EventWriter,
    EventUpkeep,
    EventUpkeepStore,
    EvidenceFiles,
    ReviewsService,
    ReviewsStore,
  ],
  exports: [EventsService, EventsStore, EvidenceFiles],
})
export class EventsModule {}
