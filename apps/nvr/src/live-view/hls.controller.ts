import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { HlsService } from './hls.service.js';
import { LiveViewService } from './live-view.service.js';
import { parseMediaName } from './parse-media-name.js';

const count = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const HlsQuery = z
  .object({ _HLS_msn: count.optional(), _HLS_part: count.optional(), ticket: z.string().max(1_000).optional() })
  .refine(({ _HLS_msn, _HLS_part }) => _HLS_msn !== undefined || _HLS_part === undefined, { message: '_HLS_part needs _HLS_msn' });

@Controller('api/v1/cameras')
export class HlsController {
  constructor(
    private readonly liveView: LiveViewService,
    private readonly hls: HlsService,
  ) {}

  /** `index.m3u8` and the files that it names. The caller's right is asked for with each of them. */
  @Get(':reference/live/:file')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async file(
    @Param('reference') reference: string,
    @Param('file') file: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer | string> {
    const camera = await this.liveView.findCamera(requirePrincipal(request), reference);
    const name = parseMediaName(file);
    if (!name) throw new AppError('not_found', 'not in the playlist');
    // What one may see, no cache may show to another.
    void reply.header('Cache-Control', 'private, no-store');
    if (name.kind !== 'playlist') {
      void reply.type(name.kind === 'init' ? 'video/mp4' : 'video/iso.segment');
      return this.hls.media(camera, name);
    }
    const { _HLS_msn: segment, _HLS_part: part, ticket } = parseInput(HlsQuery, query, 'query');
    void reply.type('application/vnd.apple.mpegurl');
    return this.hls.playlist(camera, {
      awaited: segment === undefined ? undefined : { segment, part },
      query: ticket === undefined || request.headers.authorization !== undefined ? '' : `?ticket=${encodeURIComponent(ticket)}`,
    });
  }
}
