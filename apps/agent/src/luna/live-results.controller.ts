import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { refuseForeignPages, WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StreamClaims } from '../streams/stream-claims.js';
import { asLuna, lunaErrors, requireStreamId, StreamSubscribers } from '@nightjar/luna';
import { ListenerRights } from './listener-rights.js';
import { listenScope } from './stream-tickets.js';

/** `GET /1/ws?stream_id=&account_id=`: realtime results of one stream, a text message for each analysed frame. */
@Controller('1/ws')
export class LiveResultsController {
  constructor(
    private readonly streams: StreamClaims,
    private readonly subscribers: StreamSubscribers,
    private readonly rights: ListenerRights,
    private readonly door: WebSocketDoor,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: listenScope })
  async subscribe(@Query() query: Record<string, unknown>, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const streamId = requireStreamId(query.stream_id);
    const stream = this.streams.find(streamId);
    // Cameras that nobody looked at on the Luna surface are nobody's yet.
    const isForeign = stream !== undefined && stream.account_id !== null && ![undefined, '', stream.account_id].includes(accountOf(query));
    if (!stream || isForeign)
      throw new AppError('not_found', 'no such stream', {
        details: asLuna(lunaErrors.pageNotFound, `Stream ${streamId} is not processed by this agent`),
      });
    refuseForeignPages(request.headers);
    const socket = await this.door.open(request, reply);
    this.subscribers.add(socket, streamId);
    this.rights.add(socket, streamId, requirePrincipal(request));
  }
}

/** Any text: what is no account of ours is another one. */
function accountOf({ account_id: given }: Record<string, unknown>): string | undefined {
  return given === undefined ? undefined : String(given).toLowerCase();
}
