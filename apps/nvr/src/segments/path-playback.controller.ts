import { Controller, Get, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { Instant } from './instant-query.js';
import { spanView } from './timeline.controller.js';
import { TimelineService } from './timeline.service.js';

const rangeMsMax = 31 * 24 * 3_600_000;
export const ListQuery = z
  .object({ path: CameraReferenceText, start: Instant.optional(), end: Instant.optional() })
  .transform(({ end = Date.now() + 60_000, path, start }) => ({ path, end, start: start ?? end - rangeMsMax }))
  .refine(({ end, start }) => end > start && end - start <= rangeMsMax, { path: ['end'], message: 'must be at most 31 days after start' });
export const UrlQuery = z.object({ path: CameraReferenceText, start: Instant, duration: z.coerce.number().positive().max(3_600) });

/** Recordings by the path of a stream, `cam-<id>`, as programs ask that know MediaMTX. */
@Controller('api/v1/recordings/playback')
export class PathPlaybackController {
  constructor(private readonly timeline: TimelineService) {}

  @Get('list')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { end, path, start } = parseInput(ListQuery, query, 'query');
    const range = { fromUnixMs: start, toUnixMs: end };
    const { camera, spans } = await this.timeline.timeline(requirePrincipal(request), { reference: path, range });
    return spans.map((span) => {
      const { duration, playback_url, start: begin } = spanView(camera.id, span);
      return { start: begin, duration, url: playback_url };
    });
  }

  @Get('url')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async url(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { duration, path, start } = parseInput(UrlQuery, query, 'query');
    const range = { fromUnixMs: start, toUnixMs: start + duration * 1_000 };
    const { camera } = await this.timeline.timeline(requirePrincipal(request), { reference: path, range });
    const { playback_url, start: begin } = spanView(camera.id, range);
    return { path: `cam-${camera.id}`, start: begin, duration, url: playback_url };
  }
}
