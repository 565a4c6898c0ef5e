import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { refuseForeignPages, WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { RequestAuthenticator } from '../auth/request-authenticator.js';
import { CameraFilter } from '../events/events-query.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import type { LiveConnection } from './live-connection.js';
import type { LiveContent } from './live-message.js';
import { LiveService, type LiveQuery } from './live.service.js';
import { parseLastEventId } from './notification-cursor.js';
import { openNvrFormat, openNvrGreeting, openNvrTask } from './opennvr-format.js';
import { SseConnection } from './sse-connection.js';
import { StreamTickets, streamTicketSeconds } from './stream-tickets.js';
import { WebSocketConnection, webSocketFormat } from './websocket-connection.js';

const MessageType = z.enum(['notification', 'overlay']);
export const StreamQuery = z.object({
  camera_id: CameraFilter,
  types: z
    .string()
    .default('notification,overlay')
    .transform((text) => text.split(',').map((type) => type.trim()))
    .pipe(z.array(MessageType)),
  last_event_id: z
    .string()
    .regex(/^\d{1,15}$/, 'must be the id of a message')
    .optional(),
});
export const OpenNvrQuery = z.object({
  camera_id: z.string().optional(),
  task: z
    .union([z.string(), z.array(z.string()).max(100)])
    .transform((given) => [given].flat())
    .optional(),
});

@Controller('api/v1/events')
export class LiveController {
  constructor(
    private readonly live: LiveService,
    private readonly authenticator: RequestAuthenticator,
    private readonly tickets: StreamTickets,
    private readonly door: WebSocketDoor,
  ) {}

  /**
   * `notification` (replayed after the last id), `gap`, `overlay`: as Server-Sent Events, or, on a handshake, as WebSocket
   * messages. Ends when the caller's right does.
   */
  @Get('stream')
  @Policy({ kind: 'authenticated', scope: scopes.readEvents })
  async stream(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { camera_id, last_event_id, types } = parseInput(StreamQuery, query, 'query');
    const liveQuery = {
      cameras: camera_id,
      notifications: types.includes('notification'),
      overlays: types.includes('overlay'),
      systemAlerts: false,
      cameraStatus: false,
      lastEventId: parseLastEventId(request.headers['last-event-id'] ?? last_event_id),
    };
    await this.begin(request, liveQuery, async () =>
      this.door.isHandshake(request) ? new WebSocketConnection(await this.openSocket(request, reply), webSocketFormat) : openSse(reply),
    );
  }

  /** The same for OpenNVR's clients, in their words; without a replay. */
  @Get('ws')
  @Policy({ kind: 'authenticated', scope: scopes.readEvents })
  async openNvrSocket(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { camera_id, task } = parseInput(OpenNvrQuery, query, 'query');
    const cameras = camera_id === undefined ? [] : [camera_id];
    const liveQuery = { cameras, notifications: true, overlays: true, systemAlerts: true, cameraStatus: true, lastEventId: undefined };
    const filters = { camera_id: await this.live.findCameraId(requirePrincipal(request), camera_id), task: task ?? null };
    const wants = (content: LiveContent) => {
      const about = openNvrTask(content);
      return about !== undefined && (!task || task.includes(about));
    };
    await this.begin(request, liveQuery, async () => {
      const socket = await this.openSocket(request, reply);
      socket.send(openNvrGreeting(filters));
      return new WebSocketConnection(socket, openNvrFormat, wants);
    });
  }

  /** Opens one stream, once, as `?ticket=`: for browsers, which can't send headers with a handshake. */
  @Post('ws-ticket')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async ticket(@Req() request: FastifyRequest): Promise<{ ticket: string; expires_in: number }> {
    return { ticket: await this.tickets.issue(requirePrincipal(request)), expires_in: streamTicketSeconds };
  }

  private async begin(request: FastifyRequest, query: LiveQuery, open: () => Promise<LiveConnection>): Promise<void> {
    const planned = await this.live.plan(requirePrincipal(request), query);
    const connection = await open();
    // Asked for with HEAD, there is nothing more to say.
    if (request.method === 'HEAD') connection.end('over');
    else this.live.begin(planned, connection, () => this.authenticator.reauthenticate(request));
  }

  private openSocket(request: FastifyRequest, reply: FastifyReply): Promise<WebSocket> {
    refuseForeignPages(request.headers);
    return this.door.open(request, reply);
  }
}

function openSse(reply: FastifyReply): LiveConnection {
  void reply.hijack();
  // A proxy must neither keep the stream nor hold it back.
  const streamHeaders = { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
  reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...streamHeaders });
  return new SseConnection(reply.raw);
}
