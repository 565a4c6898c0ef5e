import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { FaceName } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { requireOwner } from '../http/require-owner.js';
import { routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { guardIntake, IntakeBudget } from '../uploads/intake.js';
import { AllowlistService, type AllowlistedPersonView } from './allowlist.service.js';
import { allowlistImageBytesMax } from './find-only-face.js';

const NewPerson = z.strictObject({ name: FaceName, image_base64: z.string().min(1) });

/** The picture in base64, and its name. */
const bodyBytesMax = Math.ceil(allowlistImageBytesMax / 3) * 4 + 4 * 1024;
/** Bytes of pictures in memory at once. */
const bodyBytesAtOnce = 8 * 1024 ** 2;

/** Lets the route take a picture, which is more than a few headers. */
export function prepareAllowlistRoute(fastify: FastifyInstance): void {
  const picture = {
    accepts: /^application\/json$/,
    bytesMax: bodyBytesMax,
    budget: new IntakeBudget(bodyBytesAtOnce),
    share: (bodyBytes: number) => bodyBytes,
  };
  guardIntake(fastify, new Map([[routes.allowlist, { kinds: [picture] }]]));
}

/** The tenant's list of persons whose faces results mark as `allowlisted`. Biometric data: it has a scope of its own. */
@Controller()
export class AllowlistController {
  constructor(private readonly allowlist: AllowlistService) {}

  @Get(routes.allowlist)
  @Policy({ kind: 'authenticated', scope: scopes.manageAllowlist })
  async list(@Req() request: FastifyRequest): Promise<{ persons: AllowlistedPersonView[] }> {
    return { persons: await this.allowlist.list(requireOwner(request).tenantId) };
  }

  @Post(routes.allowlist)
  @Policy({ kind: 'authenticated', scope: scopes.manageAllowlist })
  @HttpCode(201)
  async add(@Body() body: unknown, @Req() request: FastifyRequest): Promise<AllowlistedPersonView> {
    const { name, image_base64: imageBase64 } = parseInput(NewPerson, body, 'body');
    return this.allowlist.add(requireOwner(request).tenantId, { name, imageBase64 });
  }

  @Delete(routes.allowlistedPerson)
  @Policy({ kind: 'authenticated', scope: scopes.manageAllowlist })
  @HttpCode(204)
  async remove(@Param('personId') personId: string, @Req() request: FastifyRequest): Promise<void> {
    if (!z.uuid().safeParse(personId).success) throw new AppError('not_found', 'no such person');
    await this.allowlist.remove(requireOwner(request).tenantId, personId);
  }
}
