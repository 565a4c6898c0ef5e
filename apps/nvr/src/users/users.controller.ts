import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf, type Actor } from '../audit/actor.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { ReferencedCameras } from '../cameras/referenced-cameras.js';
import { parseInput } from '../http/parse-input.js';
import { adminRoleId, viewerRoleId } from '../roles/permissions.js';
import type { UserView } from './user-view.js';
import { Username } from './username.js';
import { UsersService } from './users.service.js';

const cameraGrantsMax = 10_000;

const UserId = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const Page = z.object({
  skip: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const Text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters');
const RoleId = UserId;
const details = {
  email: z.email().max(254).nullish(),
  first_name: Text(100).nullish(),
  last_name: Text(100).nullish(),
  is_superuser: z.boolean().optional(),
  role_id: RoleId.optional(),
};
export const NewUserBody = z.object({
  username: Username,
  password: z.string().min(1).max(256),
  ...details,
});
export const ChangeBody = z.object({
  password: z.string().min(1).max(256).optional(),
  is_active: z.boolean().optional(),
  mfa_enabled: z.literal(false).optional(),
  ...details,
});
export const OwnProfileBody = z.strictObject({ email: details.email, first_name: details.first_name, last_name: details.last_name });
export const GrantsBody = z.strictObject({ camera_ids: z.array(CameraReferenceText).max(cameraGrantsMax) });

/** Users, for admins; and who one is. */
@Controller('api/v1')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly cameras: ReferencedCameras,
  ) {}

  @Get('users')
  @Policy({ kind: 'superuser' })
  list(@Query() query: unknown, @Req() request: FastifyRequest): Promise<UserView[]> {
    return this.users.list(callerOf(request), parseInput(Page, query, 'query'));
  }

  /** OpenNVR's second way to ask who one is. */
  @Get('users/me')
  @Policy({ kind: 'authenticated' })
  async me(@Req() request: FastifyRequest): Promise<UserView> {
    const caller = callerOf(request);
    return this.users.show(caller, caller.userId);
  }

  /** What the caller's role holds, by OpenNVR's names. */
  @Get('users/me/permissions')
  @Policy({ kind: 'authenticated' })
  async myPermissions(@Req() request: FastifyRequest): Promise<{ permissions: readonly string[]; is_superuser: boolean }> {
    const caller = callerOf(request);
    return this.users.permissionsOf(caller, caller.userId);
  }

  /** What is about oneself alone; nobody gives himself a right. */
  @Put('users/me')
  @Policy({ kind: 'authenticated' })
  changeMe(@Body() body: unknown, @Req() request: FastifyRequest): Promise<UserView> {
    const { email, first_name: firstName, last_name: lastName } = parseInput(OwnProfileBody, body, 'body');
    const caller = callerOf(request);
    return this.users.update(caller, caller.userId, { email, firstName, lastName });
  }

  @Get('users/:userId')
  @Policy({ kind: 'superuser' })
  show(@Param('userId') userId: string, @Req() request: FastifyRequest): Promise<UserView> {
    return this.users.show(callerOf(request), parseUserId(userId));
  }

  @Post('users')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  create(@Body() body: unknown, @Req() request: FastifyRequest): Promise<UserView> {
    const given = parseInput(NewUserBody, body, 'body');
    return this.users.create(callerOf(request), {
      username: given.username,
      password: given.password,
      email: given.email ?? null,
      firstName: given.first_name ?? null,
      lastName: given.last_name ?? null,
      roleId: roleOf(given) ?? viewerRoleId,
    });
  }

  /** OpenNVR's second way to make a user, who is a viewer whatever is asked for. A name that is taken is 400 there. */
  @Post('auth/register')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async register(@Body() body: unknown, @Req() request: FastifyRequest): Promise<UserView> {
    const { email, first_name, last_name, password, username } = parseInput(NewUserBody, body, 'body');
    const user = { username, password, email: email ?? null, firstName: first_name ?? null, lastName: last_name ?? null };
    return this.users.create(callerOf(request), { ...user, roleId: viewerRoleId }).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'conflict'
        ? new AppError('invalid_argument', error.message, { cause: error })
        : error;
    });
  }

  @Put('users/:userId')
  @Policy({ kind: 'superuser' })
  update(@Param('userId') userId: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<UserView> {
    const given = parseInput(ChangeBody, body, 'body');
    return this.users.update(callerOf(request), parseUserId(userId), {
      email: given.email,
      firstName: given.first_name,
      lastName: given.last_name,
      isActive: given.is_active,
      roleId: roleOf(given),
      password: given.password,
      totpEnabledAt: given.mfa_enabled === false ? null : undefined,
    });
  }

  @Post('users/:userId/activate')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  activate(@Param('userId') userId: string, @Req() request: FastifyRequest): Promise<UserView> {
    return this.users.activate(callerOf(request), parseUserId(userId));
  }

  @Delete('users/:userId')
  @Policy({ kind: 'superuser' })
  async remove(@Param('userId') userId: string, @Req() request: FastifyRequest): Promise<{ message: string }> {
    await this.users.remove(callerOf(request), parseUserId(userId));
    return { message: 'User deleted successfully' };
  }

  /** Cameras that a user may see beside those of his own. */
  @Get('users/:userId/cameras')
  @Policy({ kind: 'superuser' })
  async listGrants(@Param('userId') userId: string, @Req() request: FastifyRequest): Promise<{ camera_ids: number[] }> {
    return { camera_ids: await this.users.listGrants(callerOf(request), parseUserId(userId)) };
  }

  /** From now on exactly these. */
  @Put('users/:userId/cameras')
  @Policy({ kind: 'superuser' })
  async replaceGrants(
    @Param('userId') userId: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<{ camera_ids: number[] }> {
    const { camera_ids: references } = parseInput(GrantsBody, body, 'body');
    const cameraIds = await this.cameras.idsOf(requirePrincipal(request), references);
    return { camera_ids: await this.users.replaceGrants(callerOf(request), parseUserId(userId), cameraIds) };
  }
}

/** OpenNVR's clients say it by the role or by the flag; the role wins. */
function roleOf(given: { role_id?: number | undefined; is_superuser?: boolean | undefined }): number | undefined {
  if (given.role_id !== undefined || given.is_superuser === undefined) return given.role_id;
  return given.is_superuser ? adminRoleId : viewerRoleId;
}

function callerOf(request: FastifyRequest): Actor & { userId: number } {
  const principal = requirePrincipal(request);
  if (principal.kind !== 'user') throw new AppError('permission_denied', 'this is for users');
  return { ...actorOf(request), userId: principal.userId };
}

/** What is no id names no user. */
function parseUserId(text: string): number {
  const id = /^[1-9]\d{0,9}$/.test(text) ? UserId.safeParse(text) : undefined;
  if (!id?.success) throw new AppError('not_found', 'User not found');
  return id.data;
}
