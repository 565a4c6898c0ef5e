import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { RangeShape, withOrder } from '../segments/range-query.js';
import { scopes } from '../keys/api-keys.js';
import type { Protection } from './protections.store.js';
import { ProtectionsService } from './protections.service.js';

export const NewProtection = withOrder(
  z.strictObject({
    camera_id: z.union([z.string(), z.number().transform(String)]),
    ...RangeShape,
    note: z
      .string()
      .trim()
      .max(500)
      .regex(/^[^\0]*$/)
      .nullish(),
  }),
);
export const ListQuery = z.object({
  camera_id: z.string().min(1).optional(),
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

@Controller('api/v1/recordings/protections')
export class ProtectionsController {
  constructor(private readonly protections: ProtectionsService) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings, usersOnly: true })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { camera_id, ...page } = parseInput(ListQuery, query, 'query');
    const { found, total } = await this.protections.list(requirePrincipal(request), { reference: camera_id, ...page });
    return { protections: found.map(protectionView), total };
  }

  @Post()
  @HttpCode(201)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings, usersOnly: true })
  async protect(@Body() body: unknown, @Req() request: FastifyRequest) {
    const { camera_id, end_unix, note, start_unix } = parseInput(NewProtection, body, 'body');
    const range = { startsAtMs: Math.floor(start_unix * 1_000), endsAtMs: Math.ceil(end_unix * 1_000) };
    return protectionView(
      await this.protections.protect(
        requirePrincipal(request),
        { reference: camera_id, ...range, note: note === '' ? null : (note ?? null) },
        actorOf(request),
      ),
    );
  }

  /** What was protected goes with the next run of retention, if the bounds ask for it. */
  @Delete(':id')
  @HttpCode(204)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings, usersOnly: true })
  async remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    if (!/^[1-9]\d{0,14}$/.test(id)) throw new AppError('not_found', 'Protected range not found');
    await this.protections.remove(requirePrincipal(request), Number(id), actorOf(request));
  }
}

function protectionView({ id, cameraId, createdAtMs, createdBy, endsAtMs, note, startsAtMs }: Protection) {
  return {
    id,
    camera_id: cameraId,
    start_unix: startsAtMs / 1_000,
    end_unix: endsAtMs / 1_000,
    note,
    created_by: createdBy,
    created_at: new Date(createdAtMs).toISOString(),
  };
}
