import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { CameraErasure } from './camera-erasure.js';
import { ErasedCamerasStore } from './erased-cameras.store.js';
import { HardDeleteController } from './hard-delete.controller.js';

@Module({
  imports: [AuditModule, AuthModule, CamerasModule],
  controllers: [HardDeleteController],
  providers: [CameraErasure, ErasedCamerasStore],
})
export class ErasureModule {}
