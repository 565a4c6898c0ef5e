import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { EventsModule } from '../events/events.module.js';
import { AppAlerts } from './app-alerts.js';
import { AppsController } from './apps.controller.js';
import { AppsService } from './apps.service.js';
import { AppsStore } from './apps.store.js';

@Module({
  imports: [AuditModule, EventsModule],
  controllers: [AppsController],
  providers: [AppsService, AppsStore, AppAlerts],
  exports: [AppAlerts],
})
export class AppsModule {}
