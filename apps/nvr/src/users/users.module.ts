import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { CamerasModule } from '../cameras/cameras.module.js';
import { RolesModule } from '../roles/roles.module.js';
import { BootstrapAdmin } from './bootstrap-admin.js';
import { ChosenPasswords } from './chosen-passwords.js';
import { Passwords } from './passwords.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

/** Beside it, `UsersStore` is one of the process' parts: the authenticator needs it before there is a module. */
@Module({
  imports: [AuditModule, CamerasModule, RolesModule],
  controllers: [UsersController],
  providers: [ChosenPasswords, Passwords, BootstrapAdmin, UsersService],
  exports: [ChosenPasswords, Passwords, BootstrapAdmin],
})
export class UsersModule {}
