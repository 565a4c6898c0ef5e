import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { UsersModule } from '../users/users.module.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { JwksController } from './jwks.controller.js';
import { LoginLimiter } from './login-limiter.js';

@Module({
  imports: [UsersModule, JwtModule.register({})],
  controllers: [AuthController, JwksController],
  providers: [AuthService, LoginLimiter],
})
export class AuthModule {}
