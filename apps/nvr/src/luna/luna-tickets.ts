import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { jwtAlgorithm, streamTicketAudience, type Principal, type StreamTicketClaims } from '@nightjar/auth';
import { SigningKeys } from '../auth/signing-keys.js';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';

export const lunaTicketSeconds = 60;
/** Machines that verify may be this far behind. */
const clockSkewSeconds = 5;

/** Signs what a browser shows an agent to listen to one stream, once: agents verify it with our JWKS, and no other route takes it. */
@Injectable()
export class LunaTickets {
  constructor(
    private readonly keys: SigningKeys,
    private readonly jwt: JwtService,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  async sign(streamId: string, holder: Principal): Promise<string> {
    const { kid, privatePem } = await this.keys.signingKey();
    const claims: StreamTicketClaims = { stream_id: streamId, typ: 'stream_ticket', ...claimsOf(holder) };
    return this.jwt.signAsync(claims, {
      algorithm: jwtAlgorithm,
      keyid: kid,
      privateKey: privatePem,
      issuer: this.config.issuer,
      audience: streamTicketAudience,
      expiresIn: lunaTicketSeconds,
      notBefore: -clockSkewSeconds,
      jwtid: randomUUID(),
    });
  }
}

function claimsOf(holder: Principal): Pick<StreamTicketClaims, 'uid' | 'sid' | 'key'> {
  if (holder.kind === 'api_key') return { key: holder.keyId };
  return holder.kind === 'user' ? { uid: holder.userId, ...(holder.sessionId !== undefined && { sid: holder.sessionId }) } : {};
}
