import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { MonitoringPolicies } from './monitoring-policies.js';
import { ResourceSampler } from './resource-sampler.js';
import { SystemController } from './system.controller.js';
import { SystemEvents } from './system-events.js';

@Module({ imports: [AuditModule], controllers: [SystemController], providers: [MonitoringPolicies, ResourceSampler, SystemEvents] })
export class SystemModule {}
