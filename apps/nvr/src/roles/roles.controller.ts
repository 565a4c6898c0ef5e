import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { adminRoleId, permissionNames, type Role } from './permissions.js';
import { RolesService } from './roles.service.js';

const Name = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,49}$/u, 'must be letters, digits and . _ - in up to 50 characters');
const Description = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters');
const Permissions = z.array(z.enum(permissionNames)).max(permissionNames.length);
export const NewRole = z.strictObject({ name: Name, description: Description.default(''), permissions: Permissions.default([]) });
export const ChangedRole = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  permissions: Permissions.optional(),
});
export const ChangedPermissions = z.strictObject({ permissions: Permissions });

/** A role on the wire. */
interface RoleView {
  id: number;
  name: string;
  description: string;
  permissions: readonly string[];
  is_builtin: boolean;
  created_at: string;
  updated_at: string;
}

/** Roles and what they hold, for admins. */
@Controller('api/v1')
export class RolesController {
  constructor(private readonly roles: RolesService) {}

  @Get('roles')
  @Policy({ kind: 'superuser' })
  async list(): Promise<RoleView[]> {
    return (await this.roles.list()).map(roleView);
  }

  @Post('roles')
  @HttpCode(201)
  @Policy({ kind: 'superuser' })
  async create(@Body() body: unknown, @Req() request: FastifyRequest): Promise<RoleView> {
    return roleView(await this.roles.create(actorOf(request), parseInput(NewRole, body, 'body')));
  }

  @Get('roles/:roleId')
  @Policy({ kind: 'superuser' })
  async show(@Param('roleId') roleId: string): Promise<RoleView> {
    return roleView(await this.roles.find(parseRoleId(roleId)));
  }

  @Put('roles/:roleId')
  @Policy({ kind: 'superuser' })
  async update(@Param('roleId') roleId: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<RoleView> {
    return roleView(await this.roles.update(actorOf(request), parseRoleId(roleId), parseInput(ChangedRole, body, 'body')));
  }

  @Delete('roles/:roleId')
  @Policy({ kind: 'superuser' })
  async remove(@Param('roleId') roleId: string, @Req() request: FastifyRequest): Promise<{ message: string }> {
    await this.roles.remove(actorOf(request), parseRoleId(roleId));
    return { message: 'Role deleted successfully' };
  }

  /** All that a role may hold. */
  @Get('permissions')
  @Policy({ kind: 'superuser' })
  permissions(): { permissions: readonly string[] } {
    return { permissions: permissionNames };
  }

  /** OpenNVR's second way to read and change what a role holds. */
  @Get('permissions/roles/:roleId')
  @Policy({ kind: 'superuser' })
  async permissionsOf(@Param('roleId') roleId: string): Promise<{ permissions: readonly string[] }> {
    return { permissions: roleView(await this.roles.find(parseRoleId(roleId))).permissions };
  }

  @Put('permissions/roles/:roleId')
  @Policy({ kind: 'superuser' })
  async changePermissionsOf(
    @Param('roleId') roleId: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<{ permissions: readonly string[] }> {
    const { permissions } = parseInput(ChangedPermissions, body, 'body');
    return { permissions: (await this.roles.update(actorOf(request), parseRoleId(roleId), { permissions })).permissions };
  }
}

/** What is no id names no role. */
function parseRoleId(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new AppError('not_found', 'Role not found');
  return Number(text);
}

function roleView({ id, name, description, permissions, isBuiltin, createdAt, updatedAt }: Role): RoleView {
  return {
    id,
    name,
    description,
    permissions: id === adminRoleId ? permissionNames : permissions,
    is_builtin: isBuiltin,
    created_at: createdAt.toISOString(),
    updated_at: updatedAt.toISOString(),
  };
}
