import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { AuditModule } from '../audit/audit.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokens } from './access-tokens.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { JwksController } from './jwks.controller.js';
import { LoginLimiter } from './login-limiter.js';
import { LoginLocks } from './login-locks.js';
import { OwnConfirmation } from './own-confirmation.js';
import { PasswordCheck } from './password-check.js';
import { SecondFactor } from './second-factor.js';
import { SecondFactorController } from './second-factor.controller.js';
import { SessionsStore } from './sessions.store.js';
import { SignInPolicyController } from './sign-in-policy.controller.js';

@Module({
  imports: [AuditModule, UsersModule, JwtModule.register({})],
  controllers: [AuthController, JwksController, SecondFactorController, SignInPolicyController],
  exports: [LoginLimiter, OwnConfirmation],
  providers: [AccessTokens, AuthService, LoginLimiter, LoginLocks, OwnConfirmation, PasswordCheck, SecondFactor, SessionsStore],
})
export class AuthModule {}
