import { Body, Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import type { User } from '../users/users.store.js';
import { AuthService } from './auth.service.js';

/** OAuth2's password form has more fields (`grant_type`, `scope`); they change nothing. */
const Credentials = z.object({
  username: z
    .string()
    .min(1)
    .max(50)
    .regex(/^[^\0]*$/, 'must not have NUL'),
  password: z.string().min(1).max(256),
});

interface TokenView {
  access_token: string;
  token_type: 'bearer';
}

@Controller('api/v1/auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  /** OAuth2 password form. */
  @Post('login')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  login(@Body() body: unknown, @Req() request: FastifyRequest): Promise<TokenView> {
    return this.tokenFor(body, request);
  }

  /** The same as JSON. */
  @Post('login-json')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  loginJson(@Body() body: unknown, @Req() request: FastifyRequest): Promise<TokenView> {
    return this.tokenFor(body, request);
  }

  @Get('me')
  @Policy({ kind: 'authenticated' })
  async me(@Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    const principal = requirePrincipal(request);
    if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users have a profile');
    return userView(await this.auth.findUser(principal.userId));
  }

  private async tokenFor(body: unknown, request: FastifyRequest): Promise<TokenView> {
    const { username, password } = parseInput(Credentials, body, 'body');
    return { access_token: await this.auth.login({ username, password, address: request.ip }), token_type: 'bearer' };
  }
}

function userView(user: User): Record<string, unknown> {
  return {
    id: user.id,
    username: user.username,
    email: null,
    first_name: null,
    last_name: null,
    is_active: user.isActive,
    role_id: null,
    role_name: user.isSuperuser ? 'admin' : 'viewer',
    is_superuser: user.isSuperuser,
    password_set: true,
    mfa_enabled: false,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}
