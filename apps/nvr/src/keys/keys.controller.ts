import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { ReferencedCameras } from '../cameras/referenced-cameras.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from './api-keys.js';
import type { KeyView } from './key-view.js';
import { KeysService, type CreatedKey } from './keys.service.js';

export const Page = z.object({
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export const NewKeyBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters'),
  scopes: z
    .array(z.enum(Object.values(scopes)))
    .min(1)
    .max(32)
    .transform((given) => [...new Set(given)]),
  /** No default: whoever means all cameras says so. */
  camera_ids: z.union([z.literal('all'), z.array(CameraReferenceText).min(1).max(1_000)]),
  expires_at: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .nullish(),
});

/** Keys of other programs, for admins. */
@Controller('api/v1/api-keys')
export class KeysController {
  constructor(
    private readonly keys: KeysService,
    private readonly cameras: ReferencedCameras,
  ) {}

  /** Newest first, also those that were revoked. */
  @Get()
  @Policy({ kind: 'superuser' })
  async list(@Query() query: unknown, @Req() request: FastifyRequest): Promise<{ keys: KeyView[] }> {
    return { keys: await this.keys.list(actorOf(request), parseInput(Page, query, 'query')) };
  }

  /** The answer is the only place where the key is ever seen. */
  @Post()
  @Policy({ kind: 'superuser' })
  async create(@Body() body: unknown, @Req() request: FastifyRequest): Promise<CreatedKey> {
    const { name, scopes: granted, camera_ids: references, expires_at: expiresAt } = parseInput(NewKeyBody, body, 'body');
    const cameraIds = references === 'all' ? 'all' : await this.cameras.idsOf(requirePrincipal(request), references);
    return this.keys.create(actorOf(request), { name, scopes: granted, cameraIds, expiresAt: expiresAt ?? null });
  }

  @Delete(':keyId')
  @HttpCode(204)
  @Policy({ kind: 'superuser' })
  revoke(@Param('keyId') keyId: string, @Req() request: FastifyRequest): Promise<void> {
    return this.keys.revoke(actorOf(request), keyId);
  }
}
