import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal, SecretBox } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { FramesService } from '../frames/frames.service.js';
import { scopes } from '../keys/api-keys.js';
import { requireAccount } from './luna-account.js';
import { LunaAgentsStore } from './luna-agents.store.js';
import { LunaStreamsService, type LunaCaller } from './luna-streams.service.js';
import { LunaStreamsStore, type LunaStreamRow } from './luna-streams.store.js';
import { LunaTickets, lunaTicketSeconds } from './luna-tickets.js';
import { managerError, parseLuna } from './manager-errors.js';
import {
  LogsQuery,
  logTargets,
  NewStream,
  parseStatuses,
  permittedStatuses,
  ReplacedStream,
  StreamsQuery,
  type LunaStatus,
} from './stream-request.js';
import { framesNameOf } from './stream-reference.js';
import { manageStreams as manage, managesStream, streamScopeOf } from './stream-scope.js';
import { streamView, type StreamView } from './stream-view.js';

const read = { kind: 'authenticated', scope: scopes.readCameras } as const;
export const StreamAction = z.object({ action: z.enum(['stop', 'resume']) });
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Streams, as the Luna Video Manager has them. */
@Controller('1/streams')
export class LunaStreamsController {
  constructor(
    private readonly streams: LunaStreamsService,
    private readonly store: LunaStreamsStore,
    private readonly agents: LunaAgentsStore,
    private readonly tickets: LunaTickets,
    private readonly secretBox: SecretBox,
    private readonly frames: FramesService,
  ) {}

  @Post()
  @HttpCode(201)
  @Policy(manage)
  async create(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const id = await this.streams.create(callerOf(request), parseLuna(NewStream, body));
    const url = `/1/streams/${id}`;
    void reply.header('Location', url);
    return { stream_id: id, url };
  }

  @Get()
  @Policy(read)
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { group_id, page, page_size, statuses } = parseLuna(StreamsQuery, query);
    const filter = { groupId: group_id, statuses: requireStatuses(statuses) };
    const found = await this.streams.list(callerOf(request), filter, pageOf(page, page_size));
    return { streams: await Promise.all(found.map((stream) => this.view(stream, request))) };
  }

  @Get('count')
  @Policy(read)
  async count(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { group_id, statuses } = parseLuna(StreamsQuery, query);
    return { streams_count: await this.streams.count(callerOf(request), { groupId: group_id, statuses: requireStatuses(statuses) }) };
  }

  @Get('logs')
  @Policy(read)
  async logs(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { page, page_size, targets, ...given } = parseLuna(LogsQuery, query);
    const fields = requireTargets(targets);
    const entries = await this.store.logs(streamScopeOf(callerOf(request)), logFilterOf(given), pageOf(page, page_size));
    const views = entries.map(({ at, error, status, streamId, version }) => ({
      stream_id: streamId,
      version,
      status,
      error,
      time: at.toISOString(),
    }));
    return { logs: views.map((view) => Object.fromEntries(fields.map((field) => [field, view[field]]))) };
  }

  @Delete('logs')
  @HttpCode(204)
  @Policy(manage)
  async removeLogs(@Query() query: unknown, @Req() request: FastifyRequest): Promise<void> {
    await this.streams.removeLogs(callerOf(request), logFilterOf(parseLuna(LogsQuery, query)));
  }

  @Get(':streamId')
  @Policy(read)
  async show(@Param('streamId') streamId: string, @Req() request: FastifyRequest) {
    return this.view(await this.streams.find(callerOf(request), requireId(streamId)), request);
  }

  /** The last picture that was analysed of a stream, however old: for who may read the stream. @throws AppError `not_found` without one */
  @Get(':streamId/preview')
  @Policy(read)
  async preview(
    @Param('streamId') streamId: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const { camera, id } = await this.streams.find(callerOf(request), requireId(streamId));
    const { bytes, modifiedUnixMs } = await this.frames.readLast(framesNameOf(id, camera));
    void reply
      .type('image/jpeg')
      .header('Last-Modified', new Date(modifiedUnixMs).toUTCString())
      .header('Cache-Control', 'private, no-store');
    return bytes;
  }

  @Put(':streamId')
  @Policy(manage)
  async replace(@Param('streamId') streamId: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    return this.view(await this.streams.replace(callerOf(request), requireId(streamId), parseLuna(ReplacedStream, body)), request);
  }

  @Patch(':streamId')
  @Policy(manage)
  async switch(@Param('streamId') streamId: string, @Query() query: unknown, @Req() request: FastifyRequest) {
    const { action } = parseLuna(StreamAction, query);
    return { streams_count: await this.streams.switch(callerOf(request), requireId(streamId), action) };
  }

  @Delete(':streamId')
  @HttpCode(204)
  @Policy(manage)
  async remove(@Param('streamId') streamId: string, @Req() request: FastifyRequest): Promise<void> {
    await this.streams.remove(callerOf(request), requireId(streamId));
  }

  /** Opens the stream's results at its agent, once, as `?ticket=`: for browsers, which can't send headers with a handshake. */
  @Post(':streamId/ticket')
  @HttpCode(200)
  @Policy(read)
  async ticket(@Param('streamId') streamId: string, @Req() request: FastifyRequest) {
    const { id } = await this.streams.find(callerOf(request), requireId(streamId));
    return { ticket: await this.tickets.sign(id, requirePrincipal(request)), expires_in: lunaTicketSeconds };
  }

  /** Who works on a stream. @throws AppError `conflict` when nobody does */
  @Get(':streamId/agent')
  @Policy(read)
  async agent(@Param('streamId') streamId: string, @Req() request: FastifyRequest) {
    const stream = await this.streams.find(callerOf(request), requireId(streamId));
    const agent = await this.agents.holderOf(stream);
    if (agent === undefined) throw managerError('notProcessed', `Stream ${stream.id} is not being processed`);
    return agent;
  }

  private async view(stream: LunaStreamRow, request: FastifyRequest): Promise<StreamView> {
    const lastPictureUnixMs = await this.frames.lastTakenAt(framesNameOf(stream.id, stream.camera));
    return streamView(stream, this.secretBox, { forManager: managesStream(requirePrincipal(request), stream), lastPictureUnixMs });
  }
}

export function callerOf(request: FastifyRequest): LunaCaller {
  return { principal: requirePrincipal(request), accountId: requireAccount(request), by: actorOf(request) };
}

function pageOf(page: number, pageSize: number) {
  return { skip: (page - 1) * pageSize, take: pageSize };
}

function logFilterOf({ stream_id, time__gte, time__lt }: Partial<z.infer<typeof LogsQuery>>) {
  return {
    streamId: stream_id,
    from: time__gte === undefined ? undefined : new Date(time__gte),
    to: time__lt === undefined ? undefined : new Date(time__lt),
  };
}

/** What is no UUID names no stream. */
function requireId(text: string): string {
  if (!uuidForm.test(text)) throw managerError('streamNotFound', `Stream ${text.slice(0, 64)}`);
  return text;
}

function requireStatuses(given: string | undefined): LunaStatus[] | undefined {
  const read = parseStatuses(given);
  if ('unknown' in read)
    throw managerError('statusInvalid', `'${read.unknown}' is not a valid stream status; permitted: ${permittedStatuses}`);
  return read.statuses;
}

function requireTargets(given: string | undefined): readonly (typeof logTargets)[number][] {
  if (given === undefined) return logTargets;
  return given.split(',').map((word) => {
    const target = logTargets.find((name) => name === word.trim());
    if (!target) throw managerError('targetInvalid', `'${word}' is not a valid stream log target; permitted: ${logTargets.join(', ')}`);
    return target;
  });
}
