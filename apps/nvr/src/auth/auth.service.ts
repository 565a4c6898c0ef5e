import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { jwtAlgorithm, jwtAudience, type AccessClaims } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { Passwords } from '../users/passwords.js';
import { UsersStore, type User } from '../users/users.store.js';
import { LoginLimiter } from './login-limiter.js';
import { SigningKeys } from './signing-keys.js';

const accessTokenSeconds = 15 * 60;
/** Machines that verify may be this far behind. */
const clockSkewSeconds = 5;

/** Who tries to log in, from where. */
export interface LoginAttempt {
  username: string;
  password: string;
  address: string;
}

@Injectable()
export class AuthService {
  constructor(
    private readonly users: UsersStore,
    private readonly passwords: Passwords,
    private readonly limiter: LoginLimiter,
    private readonly signingKeys: SigningKeys,
    private readonly jwt: JwtService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /**
   * Checks a password and signs an access token. Takes the same time whether the user exists or not.
   * @throws AppError `rate_limited`, `overloaded`, `unauthenticated` (user or password wrong), `permission_denied` (inactive)
   */
  async login(attempt: LoginAttempt): Promise<string> {
    this.limiter.countAttempt(attempt);
    const user = await this.users.findByUsername(attempt.username);
    const matches = await this.passwords.matches(user?.passwordHash, attempt.password);
    if (!user || !matches) throw loginError('unauthenticated', 'invalid_credentials', 'user name or password is wrong');
    this.limiter.recordSuccess(attempt);
    if (!user.isActive) throw loginError('permission_denied', 'forbidden', 'this user is not active');
    return this.signAccessToken(user);
  }

  /** @throws AppError `unauthenticated` when the user of a valid token was deleted meanwhile */
  async findUser(userId: number): Promise<User> {
    const user = await this.users.findById(userId);
    if (!user) throw new AppError('unauthenticated', 'Not authenticated');
    return user;
  }

  private async signAccessToken(user: User): Promise<string> {
    const { kid, privatePem } = await this.signingKeys.signingKey();
    const claims: AccessClaims = {
      sub: user.username,
      uid: user.id,
      tid: user.tenantId,
      adm: user.isSuperuser,
      ver: user.tokenVersion,
      typ: 'access',
    };
    return this.jwt.signAsync(claims, {
      algorithm: jwtAlgorithm,
      keyid: kid,
      privateKey: privatePem,
      issuer: this.config.issuer,
      audience: jwtAudience,
      expiresIn: accessTokenSeconds,
      notBefore: -clockSkewSeconds,
      jwtid: randomUUID(),
    });
  }
}

function loginError(code: 'unauthenticated' | 'permission_denied', error: string, message: string): AppError {
  return new AppError(code, message, { details: { detail: { error, message } } });
}
