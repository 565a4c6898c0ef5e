import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { routes } from '../http/routes.js';
import { scopes } from './api-keys.js';
import type { KeyView } from './key-view.js';
import { KeysService, type CreatedKey } from './keys.service.js';

const overlapSecondsMax = 7 * 86_400;

const ListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.uuid().optional(),
});
const Name = z
  .string()
  .trim()
  .min(1)
  .max(100)
  // Names go to logs and terminals too.
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters');
const RequestsPerMinute = z.number().int().min(1).max(1_000_000).nullable();
const NewKeyBody = z.strictObject({
  name: Name,
  scopes: z
    .array(z.enum(Object.values(scopes)))
    .min(1)
    .max(32)
    .transform((given) => [...new Set(given)]),
  expires_at: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .nullish(),
  face_embeddings: z.boolean().default(false),
  requests_per_minute: RequestsPerMinute.default(null),
});
const ChangeBody = z.strictObject({
  name: Name.optional(),
  face_embeddings: z.boolean().optional(),
  requests_per_minute: RequestsPerMinute.optional(),
});
const RotateBody = z.strictObject({ overlap_seconds: z.number().int().min(0).max(overlapSecondsMax) });

/** Management of the tenant's keys, for keys with `keys:manage` and for superusers. */
@Controller()
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  /** Newest first; `next_cursor` is null on the last page. */
  @Get(routes.keys)
  @Policy({ kind: 'authenticated', scope: scopes.manageKeys })
  async list(@Query() query: unknown, @Req() request: FastifyRequest): Promise<{ keys: KeyView[]; next_cursor: string | null }> {
    const { limit, cursor } = parseInput(ListQuery, query, 'query');
    const keys = await this.keys.list(requirePrincipal(request), { limit, beforeId: cursor });
    return { keys, next_cursor: keys.length === limit ? (keys.at(-1)?.id ?? null) : null };
  }

  @Get(routes.key)
  @Policy({ kind: 'authenticated', scope: scopes.manageKeys })
  show(@Param('keyId') keyId: string, @Req() request: FastifyRequest): Promise<KeyView> {
    return this.keys.show(requirePrincipal(request), keyId);
  }

  /** The answer is the only place where the key is ever seen. */
  @Post(routes.keys)
  @Policy({ kind: 'authenticated', scope: scopes.manageKeys })
  async create(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedKey> {
    const given = parseInput(NewKeyBody, body, 'body');
    const created = await this.keys.create(requirePrincipal(request), {
      name: given.name,
      scopes: given.scopes,
      expiresAt: given.expires_at ?? null,
      faceEmbeddings: given.face_embeddings,
      requestsPerMinute: given.requests_per_minute,
    });
    return withLocation(reply, created);
  }

  @Patch(routes.key)
  @Policy({ kind: 'authenticated', scope: scopes.manageKeys })
  change(@Param('keyId') keyId: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<KeyView> {
    const { name, face_embeddings: faceEmbeddings, requests_per_minute: requestsPerMinute } = parseInput(ChangeBody, body, 'body');
    return this.keys.change(requirePrincipal(request), keyId, { name, faceEmbeddings, requestsPerMinute });
  }

  @Post(routes.rotateKey)
  @Policy({ kind: 'authenticated', scope: scopes.manageKeys })
  async rotate(
    @Param('keyId') keyId: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedKey> {
    const { overlap_seconds: overlapSeconds } = parseInput(RotateBody, body, 'body');
    return withLocation(reply, await this.keys.rotate(requirePrincipal(request), keyId, overlapSeconds * 1_000));
  }

  @Delete(routes.key)
  @Policy({ kind: 'authenticated', scope: scopes.manageKeys })
  @HttpCode(204)
  revoke(@Param('keyId') keyId: string, @Req() request: FastifyRequest): Promise<void> {
    return this.keys.revoke(requirePrincipal(request), keyId);
  }
}

function withLocation(reply: FastifyReply, created: CreatedKey): CreatedKey {
  void reply.code(201).header('Location', routes.key.replace(':keyId', created.id));
  return created;
}
