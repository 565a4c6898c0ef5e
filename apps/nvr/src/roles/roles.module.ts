import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { RolesController } from './roles.controller.js';
import { RolesService } from './roles.service.js';
import { RolesStore } from './roles.store.js';

@Module({ imports: [AuditModule], controllers: [RolesController], providers: [RolesService, RolesStore], exports: [RolesStore] })
export class RolesModule {}
