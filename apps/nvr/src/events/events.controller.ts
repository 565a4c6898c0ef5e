import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { EventView } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { EventsService } from './events.service.js';

/** One value or several: `?camera_id=1&camera_id=cam2`. */
export const CameraFilter = z
  .union([z.string(), z.array(z.string()).max(1_000)])
  .default([])
  .transform((given) => [given].flat());
const LatestQuery = z.object({ limit: z.coerce.number().int().min(1).max(500).default(50), camera_id: CameraFilter });

@Controller('api/v1/events')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Get('latest')
  @Policy({ kind: 'authenticated' })
  latest(@Query() query: unknown, @Req() request: FastifyRequest): Promise<{ events: EventView[]; count: number }> {
    const { camera_id, limit } = parseInput(LatestQuery, query, 'query');
    return this.events.listLatest(requirePrincipal(request), { limit, cameras: camera_id });
  }

  @Get(':id/evidence')
  @Policy({ kind: 'authenticated' })
  async evidence(
    @Param('id') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    if (!/^[1-9]\d{0,15}$/.test(id)) throw new AppError('not_found', 'Event not found, or it has no picture');
    const picture = await this.events.readEvidence(requirePrincipal(request), Number(id));
    // The picture of an event may be replaced by a better one, so a browser asks again after a while.
    void reply.type('image/jpeg').header('Cache-Control', 'private, max-age=300');
    return picture;
  }
}
