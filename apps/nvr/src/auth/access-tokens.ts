import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { jwtAlgorithm, jwtAudience, type AccessClaims } from '@nightjar/auth';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import type { User } from '../users/users.store.js';
import { SigningKeys } from './signing-keys.js';

const lifeSeconds = 15 * 60;
/** Machines that verify may be this far behind. */
const clockSkewSeconds = 5;

/** Signs the tokens that users show with every request. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly signingKeys: SigningKeys,
    private readonly jwt: JwtService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  async sign(user: User, sessionId: string | undefined): Promise<string> {
    const { kid, privatePem } = await this.signingKeys.signingKey();
    const claims: AccessClaims = {
      sub: user.username,
      uid: user.id,
      tid: user.tenantId,
      adm: user.isSuperuser,
      ver: user.tokenVersion,
      ...(sessionId === undefined ? {} : { sid: sessionId }),
      typ: 'access',
    };
    return this.jwt.signAsync(claims, {
      algorithm: jwtAlgorithm,
      keyid: kid,
      privateKey: privatePem,
      issuer: this.config.issuer,
      audience: jwtAudience,
      expiresIn: lifeSeconds,
      notBefore: -clockSkewSeconds,
      jwtid: randomUUID(),
    });
  }
}
