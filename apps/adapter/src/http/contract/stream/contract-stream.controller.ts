import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import { WebSocketDoor } from '@nightjar/websocket-door';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { anonymousCaller } from '../../adapter-credentials.js';
import { correlationHeaders } from '../../surface.js';
import { refuseStrangePages } from '../../refuse-strange-pages.js';
import { ContractInference } from '../contract-inference.js';
import type { FailureEnvelope } from '../contract-messages.js';
import { StreamSessions } from './stream-sessions.js';

const upgradeRequired: FailureEnvelope = {
  status: 'error',
  error: {
    category: 'transport_error',
    code: 'upgrade_required',
    message: 'this resource speaks WebSocket: send an upgrade request',
    transient: false,
    details: {},
  },
};

/**
 * `/infer/stream`. Whoever may not come in is answered before the handshake, with the HTTP status and envelope of any other
 * request. Beyond the contract, `?task=` names another task than the default, and other query parameters are the task's own.
 */
@Controller('infer/stream')
export class ContractStreamController {
  constructor(
    private readonly door: WebSocketDoor,
    private readonly sessions: StreamSessions,
    private readonly inference: ContractInference,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated' })
  async open(@Query() query: Record<string, unknown>, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (!this.door.isHandshake(request)) return askForUpgrade(reply);
    // A page of another site can send no credential, so it can only come where none is asked for.
    if (requirePrincipal(request) === anonymousCaller) refuseStrangePages(request);
    const { task: given, ...params } = query;
    const taskName = this.requireStreamable(given);
    const socket = await this.door.open(request, reply, correlationHeaders(request.notes!));
    this.sessions.add(socket, { taskName, params });
  }

  @Post()
  @Policy({ kind: 'authenticated' })
  refusePost(@Res() reply: FastifyReply): Promise<void> {
    return askForUpgrade(reply);
  }

  /** @throws AppError `invalid_argument` for a task that there is not, or that needs more than one picture */
  private requireStreamable(name: unknown): string | undefined {
    if (name === undefined) return undefined;
    const task = this.inference.taskOf(name);
    if (task.pictureFields.join() !== 'frame')
      throw new AppError('invalid_argument', `'${task.name}' takes more than a frame: send it to /infer`);
    return task.name;
  }
}

async function askForUpgrade(reply: FastifyReply): Promise<void> {
  await reply.code(426).headers({ Upgrade: 'websocket', Connection: 'Upgrade' }).send(upgradeRequired);
}
