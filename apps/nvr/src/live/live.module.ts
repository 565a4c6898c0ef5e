import { Module } from '@nestjs/common';
import { CamerasModule } from '../cameras/cameras.module.js';
import { EventsModule } from '../events/events.module.js';
import { CameraStatusFeed } from './camera-status-feed.js';
import { LiveController } from './live.controller.js';
import { LiveHub } from './live-hub.js';
import { LiveService } from './live.service.js';
import { SystemAlertFeed } from './system-alert-feed.js';
import { SystemAlertsStore } from './system-alerts.store.js';

@Module({
  imports: [CamerasModule, EventsModule],
  controllers: [LiveController],
  providers: [CameraStatusFeed, LiveHub, LiveService, SystemAlertFeed, SystemAlertsStore],
  exports: [LiveHub],
})
export class LiveModule {}
