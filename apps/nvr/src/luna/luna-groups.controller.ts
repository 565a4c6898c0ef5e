import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { scopes } from '../keys/api-keys.js';
import { requireAccount } from './luna-account.js';
import { LunaGroupsStore, type LunaGroup } from './luna-groups.store.js';
import { callerOf } from './luna-streams.controller.js';
import { LunaStreamsService } from './luna-streams.service.js';
import { managerError, parseLuna } from './manager-errors.js';
import { GroupLink, NewGroup } from './stream-request.js';
import { manageStreams as manage } from './stream-scope.js';

const read = { kind: 'authenticated', scope: scopes.readCameras } as const;
const GroupId = z.uuid();

/** Groups of streams. */
@Controller('1/groups')
export class LunaGroupsController {
  constructor(
    private readonly groups: LunaGroupsStore,
    private readonly streams: LunaStreamsService,
  ) {}

  @Post()
  @HttpCode(201)
  @Policy(manage)
  async create(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { description, group_name: name } = parseLuna(NewGroup, body);
    const group = await this.groups.create(requireAccount(request), { name, description }, actorOf(request));
    const url = `/1/groups/${group.id}`;
    void reply.header('Location', url);
    return { group_id: group.id, url };
  }

  @Get()
  @Policy(read)
  async list(@Req() request: FastifyRequest) {
    return { groups: (await this.groups.list(requireAccount(request))).map(groupView) };
  }

  /** A stream goes into a group and out of it by who may change the stream. */
  @Patch('linker')
  @Policy(manage)
  async link(@Body() body: unknown, @Req() request: FastifyRequest) {
    const { action, group_id, group_name, stream_ids } = parseLuna(GroupLink, body);
    const group = await this.groups.find(requireAccount(request), { id: group_id, name: group_name });
    const caller = callerOf(request);
    for (const streamId of stream_ids) await this.streams.findManaged(caller, streamId);
    await (action === 'link' ? this.groups.link(group, stream_ids, caller.by) : this.groups.unlink(group, stream_ids, caller.by));
    return { streams_count: stream_ids.length };
  }

  @Get(':groupId')
  @Policy(read)
  async show(@Param('groupId') groupId: string, @Req() request: FastifyRequest) {
    return groupView(await this.groups.find(requireAccount(request), { id: requireId(groupId) }));
  }

  /** Its streams stay, and leave it: for who may change all of them. */
  @Delete(':groupId')
  @HttpCode(204)
  @Policy(manage)
  async remove(@Param('groupId') groupId: string, @Req() request: FastifyRequest): Promise<void> {
    const caller = callerOf(request);
    const { id } = await this.groups.find(caller.accountId, { id: requireId(groupId) });
    await this.streams.requireManagesAllOf(caller, id);
    await this.groups.remove(caller.accountId, id, caller.by);
  }
}

function requireId(text: string): string {
  if (!GroupId.safeParse(text).success) throw managerError('groupNotFound', `Group ${text.slice(0, 64)}`);
  return text;
}

function groupView({ accountId, createdAt, description, id, name }: LunaGroup) {
  return { group_id: id, account_id: accountId, group_name: name, description, create_time: createdAt.toISOString() };
}
