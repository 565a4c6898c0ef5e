import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { originOf, visitor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { LoginLimiter } from '../auth/login-limiter.js';
import { parseInput } from '../http/parse-input.js';
import { ChosenPasswords } from '../users/chosen-passwords.js';
import { Username } from '../users/username.js';
import { SetupTokensStore } from './setup-tokens.store.js';

export const FirstUser = z.strictObject({
  username: Username,
  password: z.string().min(1).max(256),
  setup_token: z.string().min(8).max(128),
});

/** The first user of an installation, made by whoever can read what the NVR printed at its start. */
@Controller('api/v1/auth')
export class SetupController {
  constructor(
    private readonly tokens: SetupTokensStore,
    private readonly passwords: ChosenPasswords,
    private readonly limiter: LoginLimiter,
    private readonly audit: AuditLog,
  ) {}

  @Post('check-setup')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  async check(): Promise<{ setup_required: boolean }> {
    return { setup_required: await this.tokens.isNeeded() };
  }

  /** A second factor is his to set up when he has signed in: the field says so to OpenNVR's clients. */
  @Post('first-time-setup')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  async setUp(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ message: string; mfa_required: false }> {
    const from = originOf(request);
    this.limiter.countAttempt(from.address);
    const { username, password, setup_token } = parseInput(FirstUser, body, 'body');
    const passwordHash = await this.passwords.hash(password, { username }, 'password');
    const details = { username, role: 'admin' };
    const writeEntry = this.audit.entryOf(visitor(from, null), { action: 'user.created', entityType: 'user', details });
    await this.tokens.useToken(setup_token, { username, passwordHash }, writeEntry);
    this.limiter.takeBack(from.address);
    return { message: 'the first user is there: sign in', mfa_required: false };
  }
}
