import { Controller, Get, Header } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { SigningKeys } from './signing-keys.js';

/** Where gateway and agents learn the public keys of our tokens. */
@Controller('.well-known')
export class JwksController {
  constructor(private readonly signingKeys: SigningKeys) {}

  @Get('jwks.json')
  @Header('Cache-Control', 'public, max-age=60')
  @Policy({ kind: 'public' })
  jwks(): Promise<{ keys: Record<string, unknown>[] }> {
    return this.signingKeys.publicKeys();
  }
}
