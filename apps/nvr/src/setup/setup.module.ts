import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { UsersModule } from '../users/users.module.js';
import { SetupTokensStore } from './setup-tokens.store.js';
import { SetupController } from './setup.controller.js';

@Module({
  imports: [AuditModule, AuthModule, UsersModule],
  controllers: [SetupController],
  providers: [SetupTokensStore],
  exports: [SetupTokensStore],
})
export class SetupModule {}
