import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditLog } from './audit-log.js';
import { RefusedAccess } from './refused-access.js';

@Module({ controllers: [AuditController], providers: [AuditLog, RefusedAccess], exports: [AuditLog] })
export class AuditModule {}
