import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { Instant, withForwardInstants } from '../segments/instant-query.js';
import { ownerOf } from './owner-of.js';
import type { SpritePlan } from './plan-thumbnails.js';
import { ThumbnailsService } from './thumbnails.service.js';

const rangeMsMax = 24 * 3_600_000;
export const SpriteQuery = withForwardInstants(
  z.object({ camera_id: CameraReferenceText, start: Instant, end: Instant, count: z.coerce.number().int().min(1).max(100).default(60) }),
  rangeMsMax,
);

/** Small pictures to scrub by: where each stands in one JPEG, and that JPEG. */
@Controller('api/v1/recordings/thumbnails')
export class ThumbnailsController {
  constructor(
    private readonly thumbnails: ThumbnailsService,
    private readonly cameras: CamerasService,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { camera, count, end, plan, start } = await this.findPlan(query, request);
    const { columns, rows, thumbnails, tileHeight, tileWidth } = plan;
    const again = new URLSearchParams({
      camera_id: String(camera.id),
      start: String(start / 1_000),
      end: String(end / 1_000),
      count: String(count),
    });
    return {
      camera_id: camera.id,
      tile_width: tileWidth,
      tile_height: tileHeight,
      columns,
      rows,
      sprite_url: `/api/v1/recordings/thumbnails/sprite.jpg?${again}`,
      thumbnails: thumbnails.map(({ shownUnixMs }, position) => ({
        time: new Date(shownUnixMs).toISOString(),
        x: (position % columns) * tileWidth,
        y: Math.floor(position / columns) * tileHeight,
      })),
    };
  }

  @Get('sprite.jpg')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async sprite(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { camera, plan } = await this.findPlan(query, request);
    await reply.type('image/jpeg').send(await this.thumbnails.read(ownerOf(requirePrincipal(request)), camera.uuid, plan));
  }

  private async findPlan(
    query: unknown,
    request: FastifyRequest,
  ): Promise<{ camera: Camera; plan: SpritePlan; start: number; end: number; count: number }> {
    const { camera_id, count, end, start } = parseInput(SpriteQuery, query, 'query');
    const camera = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), camera_id);
    const plan = await this.thumbnails.plan(camera.id, { range: { fromUnixMs: start, toUnixMs: end }, count });
    return { camera, plan, start, end, count };
  }
}
