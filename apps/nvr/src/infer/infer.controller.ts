import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { refuseForeignPages, WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestAuthenticator } from '../auth/request-authenticator.js';
import { scopes } from '../keys/api-keys.js';
import { InferService } from './infer.service.js';
import { InferStreams, streamMessageBytesMax } from './infer-streams.service.js';

/** Adapters behind the NVR, as OpenNVR's apps ask them: one address, one key, one place that says who may. */
@Controller('api/v1/infer')
export class InferController {
  constructor(
    private readonly infer: InferService,
    private readonly streams: InferStreams,
    private readonly authenticator: RequestAuthenticator,
    private readonly door: WebSocketDoor,
  ) {}

  /** The adapter's answer to this body, unchanged. A failure of the adapter has its status, and its envelope as `detail`. */
  @Post(':adapter')
  @Policy({ kind: 'authenticated', scope: scopes.runInference })
  async ask(
    @Param('adapter') adapter: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer | object> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort(new AppError('cancelled', 'the caller hung up')));
    const call = { adapter, body, correlationId: request.correlationId ?? '', signal: gone.signal };
    const answer = await this.infer.infer(requirePrincipal(request), call);
    void reply.code(answer.status).headers(answer.headers).type('application/json; charset=utf-8');
    return answer.body;
  }

  /** Frames to the adapter and its results back, over WebSocket. Ends when the caller's right does. */
  @Get(':adapter/stream')
  @Policy({ kind: 'authenticated', scope: scopes.runInference })
  async stream(
    @Param('adapter') name: string,
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const principal = requirePrincipal(request);
    const adapter = this.infer.findAdapter(name);
    refuseForeignPages(request.headers);
    this.streams.requireRoom(principal);
    const correlationId = request.correlationId ?? '';
    const socket = await this.door.open(request, reply, { 'X-Correlation-Id': correlationId }, streamMessageBytesMax);
    const reauthenticate = () => this.authenticator.reauthenticate(request);
    this.streams.join(socket, { adapter, query, correlationId, principal, reauthenticate });
  }
}
