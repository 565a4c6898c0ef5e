import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { EventsService } from '../events/events.service.js';
import { parseInput } from '../http/parse-input.js';
import { untilGone } from '../http/until-gone.js';
import { PlaybackService } from '../playback/playback.service.js';
import { Instant } from '../segments/instant-query.js';
import { requireInternalService } from './internal-key.js';

export const FrameQuery = z.object({ camera_id: CameraReferenceText, at: Instant });

/** A picture of the past for services with the internal key. */
@Controller('api/v1/internal/camera-agent/recordings')
export class RecordedFrameController {
  constructor(
    private readonly events: EventsService,
    private readonly playback: PlaybackService,
  ) {}

  @Get('frame')
  @Policy({ kind: 'authenticated', scope: 'internal' })
  async frame(@Query() query: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    requireInternalService(request);
    const { at, camera_id } = parseInput(FrameQuery, query, 'query');
    const { id } = await this.events.findCamera(camera_id);
    const picture = await this.playback.readPicture(id, { atUnixMs: at, signal: untilGone(reply) });
    void reply.type('image/jpeg');
    return picture;
  }
}
