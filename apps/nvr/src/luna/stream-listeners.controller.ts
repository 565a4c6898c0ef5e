import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { requireStreamId } from '@nightjar/luna';
import { refuseForeignPages, WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestAuthenticator } from '../auth/request-authenticator.js';
import { scopes } from '../keys/api-keys.js';
import { callerOf } from './luna-streams.controller.js';
import { LunaStreamsService } from './luna-streams.service.js';
import { managerError } from './manager-errors.js';
import { StreamListeners } from './stream-listeners.js';

/** `GET /1/ws?stream_id=&account_id=` of the manager: what the stream's agent tells, whichever agent that is. */
@Controller('1/ws')
export class StreamListenersController {
  constructor(
    private readonly streams: LunaStreamsService,
    private readonly listeners: StreamListeners,
    private readonly authenticator: RequestAuthenticator,
    private readonly door: WebSocketDoor,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async subscribe(@Query() query: Record<string, unknown>, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const streamId = requireStreamId(query.stream_id);
    const caller = callerOf(request);
    const { account_id: owner } = query;
    // Whose else streams are there is nobody's business.
    if (owner !== undefined && owner !== '' && String(owner).toLowerCase() !== caller.accountId)
      throw managerError('streamNotFound', `Stream ${streamId}`);
    const stream = await this.streams.find(caller, streamId);
    refuseForeignPages(request.headers);
    const socket = await this.door.open(request, reply);
    this.listeners.add(socket, stream, async () =>
      this.streams.find({ ...caller, principal: await this.authenticator.reauthenticate(request) }, streamId),
    );
  }
}
