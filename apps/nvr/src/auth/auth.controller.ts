import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf, originOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { userView, type UserView } from '../users/user-view.js';
import { AuthService, type TokenPair } from './auth.service.js';
import { clearRefreshCookie, refreshTokenOf, refuseForeignOrigin, setRefreshCookie } from './refresh-cookie.js';
import { isRefreshToken } from './refresh-tokens.js';

/** OAuth2's password form has more fields (`grant_type`, `scope`); they change nothing. */
export const Credentials = z.object({
  username: z
    .string()
    .min(1)
    .max(50)
    .regex(/^[^\0]*$/, 'must not have NUL'),
  password: z.string().min(1).max(256),
  code: z.string().min(6).max(8).nullish(),
});

/** A browser asks to have its refresh token in a cookie that scripts can't read; programs get it in the answer. */
export const LoginQuery = z.object({ session: z.enum(['cookie', 'body']).default('body') });
export const RefreshBody = z.object({ refresh_token: z.string().max(256).optional() }).optional();
export const PasswordChange = z.strictObject({
  current_password: z.string().min(1).max(256),
  new_password: z.string().min(1).max(256),
});

interface TokenView {
  access_token: string;
  refresh_token?: string;
  token_type: 'bearer';
}

@Controller('api/v1/auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  /** OAuth2 password form. */
  @Post('login')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  login(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenView> {
    return this.logIn(body, request, reply);
  }

  /** The same as JSON. */
  @Post('login-json')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  loginJson(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenView> {
    return this.logIn(body, request, reply);
  }

  /** The next pair of tokens for a refresh token: in the body, or in the cookie of our own page. */
  @Post('refresh')
  @HttpCode(200)
  @Policy({ kind: 'public' })
  async refresh(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenView> {
    const given = parseInput(RefreshBody, body ?? undefined, 'body')?.refresh_token;
    const fromCookie = given === undefined ? refreshTokenOf(request) : undefined;
    if (fromCookie !== undefined) refuseForeignOrigin(request);
    const refreshToken = given ?? fromCookie;
    if (refreshToken === undefined || !isRefreshToken(refreshToken))
      throw new AppError('unauthenticated', 'there is no session to go on with');
    const pair = await this.auth.refresh(refreshToken, originOf(request)).catch((error: unknown) => {
      if (fromCookie !== undefined) clearRefreshCookie(request, reply);
      throw error;
    });
    return tokenView(pair, { inCookie: fromCookie !== undefined, request, reply });
  }

  /** Ends the session of the token. */
  @Post('logout')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<{ message: string }> {
    const principal = requirePrincipal(request);
    if (principal.kind === 'user' && principal.sessionId !== undefined) await this.auth.logout(principal.sessionId, actorOf(request));
    clearRefreshCookie(request, reply);
    return { message: 'signed out' };
  }

  /** Every other session of the user ends. */
  @Post('change-password')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async changePassword(@Body() body: unknown, @Req() request: FastifyRequest): Promise<TokenView> {
    const principal = requirePrincipal(request);
    if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users have a password');
    const { current_password: currentPassword, new_password: newPassword } = parseInput(PasswordChange, body, 'body');
    const { userId, sessionId } = principal;
    const accessToken = await this.auth.changePassword({ userId, sessionId, currentPassword, newPassword, by: actorOf(request) });
    return { access_token: accessToken, token_type: 'bearer' };
  }

  @Get('me')
  @Policy({ kind: 'authenticated' })
  async me(@Req() request: FastifyRequest): Promise<UserView> {
    const principal = requirePrincipal(request);
    if (principal.kind !== 'user') throw new AppError('permission_denied', 'only users have a profile');
    return userView(await this.auth.findUser(principal.userId));
  }

  private async logIn(body: unknown, request: FastifyRequest, reply: FastifyReply): Promise<TokenView> {
    const { username, password, code } = parseInput(Credentials, body, 'body');
    const inCookie = parseInput(LoginQuery, request.query, 'query').session === 'cookie';
    if (inCookie) refuseForeignOrigin(request);
    const pair = await this.auth.login({ username, password, code: code ?? undefined, from: originOf(request) });
    return tokenView(pair, { inCookie, request, reply });
  }
}

function tokenView(
  { accessToken, refreshToken }: TokenPair,
  { inCookie, request, reply }: { inCookie: boolean; request: FastifyRequest; reply: FastifyReply },
): TokenView {
  if (inCookie) setRefreshCookie(request, reply, refreshToken);
  return { access_token: accessToken, ...(inCookie ? {} : { refresh_token: refreshToken }), token_type: 'bearer' };
}
