import { Module } from '@nestjs/common';
import { BootstrapAdmin } from './bootstrap-admin.js';
import { Passwords } from './passwords.js';

/** Beside it, `UsersStore` is one of the process' parts: the authenticator needs it before there is a module. */
@Module({ providers: [Passwords, BootstrapAdmin], exports: [Passwords, BootstrapAdmin] })
export class UsersModule {}
