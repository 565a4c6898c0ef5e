import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { KeysController } from './keys.controller.js';
import { KeysService } from './keys.service.js';
import { KeysStore } from './keys.store.js';

/** Beside it, `ApiKeys` is one of the process' parts: the authenticator needs it before there is a module. */
@Module({ imports: [AuditModule, CamerasModule], controllers: [KeysController], providers: [KeysService, KeysStore] })
export class KeysModule {}
