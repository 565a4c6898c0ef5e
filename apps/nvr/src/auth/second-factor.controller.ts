import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import type { User } from '../users/users.store.js';
import { AuthService } from './auth.service.js';
import { SecondFactor } from './second-factor.js';
import { SessionCheck } from './session-check.js';

export const CodeBody = z.strictObject({ code: z.string().min(6).max(8) });

/** The caller's own second factor. */
@Controller('api/v1/auth/mfa')
export class SecondFactorController {
  constructor(
    private readonly secondFactor: SecondFactor,
    private readonly auth: AuthService,
    private readonly sessions: SessionCheck,
  ) {}

  /** The secret is shown here only; it counts when `verify` got a code of it. */
  @Post('setup')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async setUp(@Req() request: FastifyRequest): Promise<{ otpauth_url: string; secret: string }> {
    const { secret, otpauthUrl } = await this.secondFactor.setUp(await this.userOf(request));
    return { otpauth_url: otpauthUrl, secret };
  }

  @Post('verify')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async enable(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ message: string; recovery_codes: string[] }> {
    const { code } = parseInput(CodeBody, body, 'body');
    const recoveryCodes = await this.secondFactor.enable(await this.userOf(request), code, actorOf(request));
    this.sessions.forgetUser(requireUserId(request));
    return { message: 'the second factor is on', recovery_codes: recoveryCodes };
  }

  /** Shown here only; those before count no more. */
  @Post('recovery-codes')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async renewRecoveryCodes(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ recovery_codes: string[] }> {
    const { code } = parseInput(CodeBody, body, 'body');
    return { recovery_codes: await this.secondFactor.renewRecoveryCodes(await this.userOf(request), code, actorOf(request)) };
  }

  @Post('disable')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async disable(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ message: string }> {
    const { code } = parseInput(CodeBody, body, 'body');
    await this.secondFactor.disable(await this.userOf(request), code, actorOf(request));
    this.sessions.forgetUser(requireUserId(request));
    return { message: 'the second factor is off' };
  }

  private userOf(request: FastifyRequest): Promise<User> {
    return this.auth.findUser(requireUserId(request));
  }
}

function requireUserId(request: FastifyRequest): number {
  const principal = requirePrincipal(request);
  if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users have a second factor');
  return principal.userId;
}
