import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { refuseForeignPages, WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { RequestAuthenticator } from '../auth/request-authenticator.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { liveTicketSeconds, LiveTickets } from './live-tickets.js';
import { LiveViewService } from './live-view.service.js';
import { pictureBoundary } from './picture-viewer.js';

export const VideoQuery = z.object({ stream: z.enum(['main', 'sub']).default('main'), ticket: z.string().optional() });
export const PicturesQuery = z.object({ fps: z.coerce.number().min(0.1).max(5).default(2), ticket: z.string().optional() });

@Controller('api/v1/cameras')
export class LiveViewController {
  constructor(
    private readonly liveView: LiveViewService,
    private readonly authenticator: RequestAuthenticator,
    private readonly tickets: LiveTickets,
    private readonly door: WebSocketDoor,
  ) {}

  /** Live video as fragmented MP4 on a WebSocket, for Media Source Extensions. Ends when the caller's right does. */
  @Get(':reference/live')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async socket(
    @Param('reference') reference: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { stream } = parseInput(VideoQuery, query, 'query');
    const camera = await this.liveView.findCamera(requirePrincipal(request), reference);
    this.liveView.requireRoom(camera, stream);
    refuseForeignPages(request.headers);
    const socket = await this.door.open(request, reply);
    this.liveView.show(camera, stream, socket, () => this.authenticator.reauthenticate(request));
  }

  /** The newest pictures that an agent decoded, one after the other (MJPEG). 503 while there is none. */
  @Get(':reference/live.mjpeg')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async pictures(
    @Param('reference') reference: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { fps } = parseInput(PicturesQuery, query, 'query');
    const camera = await this.liveView.findCamera(requirePrincipal(request), reference);
    this.liveView.requireRoom(camera);
    const reauthenticate = () => this.authenticator.reauthenticate(request);
    const viewer = await this.liveView.openPictures(camera, { framesPerSecond: fps, reauthenticate });
    void reply.hijack();
    const contentType = `multipart/x-mixed-replace; boundary=${pictureBoundary}`;
    const streamHeaders = { 'Content-Type': contentType, 'Cache-Control': 'private, no-store', 'X-Accel-Buffering': 'no' };
    reply.raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...streamHeaders });
    // Asked for with HEAD, there is nothing more to say.
    if (request.method === 'HEAD') viewer.end();
    await viewer.show(reply.raw);
  }

  /** For players of HLS that can't send headers: stands in the playlist's address as `?ticket=`, and from there in all that it names. */
  @Post(':reference/live/ticket')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async ticket(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
  ): Promise<{ ticket: string; expires_in: number; url: string }> {
    const principal = requirePrincipal(request);
    const camera = await this.liveView.findCamera(principal, reference);
    const ticket = await this.tickets.issue(principal, camera.id);
    return { ticket, expires_in: liveTicketSeconds, url: `/api/v1/cameras/${camera.id}/live/index.m3u8?ticket=${ticket}` };
  }
}
