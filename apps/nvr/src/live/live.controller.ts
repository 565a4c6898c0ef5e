import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestAuthenticator } from '../auth/request-authenticator.js';
import { CameraFilter } from '../events/events.controller.js';
import { parseInput } from '../http/parse-input.js';
import { LiveService } from './live.service.js';
import { parseLastEventId } from './notification-cursor.js';

const MessageType = z.enum(['notification', 'overlay']);
const StreamQuery = z.object({
  camera_id: CameraFilter,
  types: z
    .string()
    .default('notification,overlay')
    .transform((text) => text.split(',').map((type) => type.trim()))
    .pipe(z.array(MessageType)),
});

@Controller('api/v1/events')
export class LiveController {
  constructor(
    private readonly live: LiveService,
    private readonly authenticator: RequestAuthenticator,
  ) {}

  /** Server-Sent Events: `notification` (replayed after `Last-Event-ID`), `gap`, `overlay`. Ends when the token does. */
  @Get('stream')
  @Policy({ kind: 'authenticated' })
  async stream(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { camera_id, types } = parseInput(StreamQuery, query, 'query');
    const planned = await this.live.plan(requirePrincipal(request), {
      cameras: camera_id,
      notifications: types.includes('notification'),
      overlays: types.includes('overlay'),
      lastEventId: parseLastEventId(request.headers['last-event-id']),
    });
    void reply.hijack();
    // A proxy must neither keep the stream nor hold it back.
    const streamHeaders = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
    reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...streamHeaders });
    this.live.begin(planned, reply.raw, () => this.authenticator.authenticate(request));
  }
}
