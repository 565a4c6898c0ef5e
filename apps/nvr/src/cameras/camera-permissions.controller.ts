import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { CameraPermissionsService } from './camera-permissions.service.js';
import type { CameraPermission } from './camera-permissions.store.js';

const UserId = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const PermissionBody = z.strictObject({
  user_id: UserId,
  /** Who manages a camera sees it, and a row without either would be none. */
  can_view: z.literal(true, 'must be true: who may not see a camera has no permission, take it away with DELETE').default(true),
  can_manage: z.boolean().default(false),
});

/** A permission on the wire. */
interface CameraPermissionView {
  camera_id: number;
  user_id: number;
  username: string;
  can_view: true;
  can_manage: boolean;
  created_at: string;
}

/** Who else may see and manage a camera, as OpenNVR's clients ask. */
@Controller('api/v1/cameras')
export class CameraPermissionsController {
  constructor(private readonly permissions: CameraPermissionsService) {}

  @Get(':reference/permissions')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async list(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
  ): Promise<{ permissions: CameraPermissionView[]; count: number }> {
    const { cameraId, permissions } = await this.permissions.list(requirePrincipal(request), reference);
    return { permissions: permissions.map((permission) => permissionView(cameraId, permission)), count: permissions.length };
  }

  /** What the caller himself may do; 404 for a camera that he does not see. */
  @Get(':reference/permissions/check')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async check(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
  ): Promise<{ camera_id: number; can_view: true; can_manage: boolean; is_owner: boolean }> {
    const { cameraId, canManage, isOwner } = await this.permissions.check(requirePrincipal(request), reference);
    return { camera_id: cameraId, can_view: true, can_manage: canManage, is_owner: isOwner };
  }

  /** Sets what a user may do, whatever he might before. */
  @Post(':reference/permissions')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async grant(@Param('reference') reference: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<CameraPermissionView> {
    const { can_manage: canManage, user_id: userId } = parseInput(PermissionBody, body, 'body');
    const by = actorOf(request);
    const { cameraId, permission } = await this.permissions.grant(requirePrincipal(request), { reference, userId, canManage, by });
    return permissionView(cameraId, permission);
  }

  @Delete(':reference/permissions/:userId')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async revoke(
    @Param('reference') reference: string,
    @Param('userId') userId: string,
    @Req() request: FastifyRequest,
  ): Promise<{ message: string }> {
    const by = actorOf(request);
    await this.permissions.revoke(requirePrincipal(request), { reference, userId: parseUserId(userId), by });
    return { message: 'Permission revoked successfully' };
  }
}

/** What is no id names no user. */
function parseUserId(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new AppError('not_found', 'Permission not found');
  return Number(text);
}

function permissionView(cameraId: number, { canManage, createdAt, userId, username }: CameraPermission): CameraPermissionView {
  return {
    camera_id: cameraId,
    user_id: userId,
    username,
    can_view: true,
    can_manage: canManage,
    created_at: createdAt.toISOString(),
  };
}
