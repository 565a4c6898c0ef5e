import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { untilGone } from '../http/until-gone.js';
import { scopes } from '../keys/api-keys.js';
import { Instant } from '../segments/instant-query.js';
import { UnixSeconds, withOrder } from '../segments/range-query.js';
import { RecordingTickets } from '../segments/recording-tickets.js';
import type { TimeRange } from '../segments/segments.service.js';
import { ClipsService } from './clips.service.js';
import { PlaybackService } from './playback.service.js';
import { sendBytes } from './send-bytes.js';

export const ClipQuery = withOrder(z.object({ start_unix: UnixSeconds, end_unix: UnixSeconds }), {
  seconds: 3_600,
  inWords: '1 hour',
});
export const PictureQuery = z.object({ at_unix: UnixSeconds });
export const FrameQuery = z.object({ camera_id: CameraReferenceText, at: Instant });

/** Clips and pictures of a camera. All but `frame` are among `ticketRoutes`. */
@Controller('api/v1/recordings')
export class PlaybackController {
  constructor(
    private readonly clips: ClipsService,
    private readonly playback: PlaybackService,
    private readonly cameras: CamerasService,
    private readonly tickets: RecordingTickets,
  ) {}

  /** Moment 0 of the clip is `X-Clip-Start-Unix`: a key frame at or before the wanted begin. */
  @Get(':reference/clip.mp4')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async clip(
    @Param('reference') reference: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { end_unix, start_unix } = parseInput(ClipQuery, query, 'query');
    const range = { fromUnixMs: start_unix * 1_000, toUnixMs: end_unix * 1_000 };
    const camera = await this.findCamera(request, { reference, range });
    const layout = await this.clips.layOut(camera.id, range);
    void reply.headers({
      'X-Clip-Start-Unix': (layout.startUnixMs / 1_000).toFixed(3),
      'X-Clip-End-Unix': (layout.endUnixMs / 1_000).toFixed(3),
    });
    await sendBytes(request, reply, {
      ...layout,
      contentType: 'video/mp4',
      disposition: { kind: 'inline', fileName: `camera_${camera.id}_${Math.round(layout.startUnixMs)}.mp4` },
      read: (bytes) => this.clips.read(layout, bytes),
    });
  }

  @Get(':reference/frame.jpg')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async picture(
    @Param('reference') reference: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { at_unix } = parseInput(PictureQuery, query, 'query');
    const atUnixMs = at_unix * 1_000;
    const camera = await this.findCamera(request, { reference, range: { fromUnixMs: atUnixMs, toUnixMs: atUnixMs } });
    void reply.type('image/jpeg');
    if (request.method === 'HEAD') return reply.send(Readable.from([]));
    await reply.send(await this.playback.readPicture(camera.id, { atUnixMs, signal: untilGone(reply) }));
  }

  /** The same picture as OpenNVR's clients ask for it. */
  @Get('frame')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async frame(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { at, camera_id } = parseInput(FrameQuery, query, 'query');
    const camera = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), camera_id);
    void reply.type('image/jpeg');
    if (request.method === 'HEAD') return reply.send(Readable.from([]));
    await reply.send(await this.playback.readPicture(camera.id, { atUnixMs: at, signal: untilGone(reply) }));
  }

  /** The camera that the caller may see then. A ticket has to cover all of the range. @throws AppError `not_found` */
  private async findCamera(request: FastifyRequest, asked: { reference: string; range: TimeRange }): Promise<Camera> {
    const camera = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), asked.reference);
    const grant = this.tickets.grantOf(request.raw);
    const { fromUnixMs, toUnixMs } = asked.range;
    if (grant && (grant.cameraId !== camera.id || grant.fromUnixMs > fromUnixMs || grant.toUnixMs < toUnixMs))
      throw new AppError('not_found', 'Recording not found');
    return camera;
  }
}
