import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { jwtAlgorithm, type Principal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { SigningKeys } from '../auth/signing-keys.js';

export const gatewayTokenMinutes = 60;
const issuer = 'opennvr';
const audience = 'mediamtx';

/** Name of a camera's stream at the WebRTC gateway. */
export function streamNameOf(cameraId: number): string {
  return `cam-${cameraId}`;
}

/**
 * Signs what a WebRTC gateway (MediaMTX) asks of a viewer: it checks the signature with our JWKS and lets him read the camera's paths.
 * Our own routes take no such token. What was signed holds until it is over, also for who loses his right meanwhile.
 */
@Injectable()
export class GatewayTokens {
  constructor(
    private readonly keys: SigningKeys,
    private readonly jwt: JwtService,
  ) {}

  /** @throws AppError `permission_denied` for who is no user */
  async sign(principal: Principal, cameraId: number): Promise<string> {
    if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users get tokens');
    const { kid, privatePem } = await this.keys.signingKey();
    const name = streamNameOf(cameraId);
    const claims = {
      sub: principal.username,
      user_id: principal.userId,
      camera_id: cameraId,
      mediamtx_permissions: [name, `${name}-sub`].map((path) => ({ action: 'read', path })),
    };
    return this.jwt.signAsync(claims, {
      algorithm: jwtAlgorithm,
      keyid: kid,
      privateKey: privatePem,
      issuer,
      audience,
      expiresIn: gatewayTokenMinutes * 60,
      jwtid: randomUUID(),
    });
  }
}
