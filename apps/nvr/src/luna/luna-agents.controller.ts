import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { Policy, SecretBox } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { requireAccount } from './luna-account.js';
import { agentAliveMs, agentView, feedbackLeaseMs, LunaAgentsStore } from './luna-agents.store.js';
import { LunaStreamsStore } from './luna-streams.store.js';
import { managerError, parseLuna } from './manager-errors.js';
import { StreamFeedbackStore } from './stream-feedback.store.js';
import { streamReferencePurpose } from './stream-reference.js';
import { Feedback, NewAgent } from './stream-request.js';
import { manageStreams as manage } from './stream-scope.js';
import { streamView } from './stream-view.js';

/** What an agent does itself: it is handed addresses with their passwords, and takes streams that others would work on. */
const work = { ...manage, programsOnly: true } as const;
const refreshSeconds = 2;
const AgentId = z.uuid();

/** Agents of others: they register, fetch streams, and tell what becomes of them. */
@Controller('1/agents')
export class LunaAgentsController {
  constructor(
    private readonly agents: LunaAgentsStore,
    private readonly streams: LunaStreamsStore,
    private readonly feedback: StreamFeedbackStore,
    private readonly secretBox: SecretBox,
  ) {}

  @Post()
  @HttpCode(201)
  @Policy(work)
  async register(@Body() body: unknown, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const agent = await this.agents.register(requireAccount(request), parseLuna(NewAgent, body), actorOf(request));
    const url = `/1/agents/${agent.id}`;
    void reply.header('Location', url);
    return { agent_id: agent.id, refresh_period: refreshSeconds, alive_period: agentAliveMs / 1_000, url };
  }

  @Get()
  @Policy(manage)
  async list(@Req() request: FastifyRequest) {
    return { agents: (await this.agents.list(requireAccount(request))).map(agentView) };
  }

  @Get(':agentId')
  @Policy(manage)
  async show(@Param('agentId') agentId: string, @Req() request: FastifyRequest) {
    return agentView(await this.find(agentId, request));
  }

  @Delete(':agentId')
  @HttpCode(204)
  @Policy(work)
  async remove(@Param('agentId') agentId: string, @Req() request: FastifyRequest): Promise<void> {
    await this.agents.remove(await this.find(agentId, request), actorOf(request));
  }

  /** Streams to begin with, each told once. Addresses come with their credentials: the agent connects with them. */
  @Post(':agentId/streams')
  @HttpCode(200)
  @Policy(work)
  async fetch(@Param('agentId') agentId: string, @Req() request: FastifyRequest) {
    const agent = await this.find(agentId, request);
    await this.agents.noteSeen(agent.id);
    const handedOut = await this.agents.handOut(agent);
    const scope = { accountId: agent.accountId, cameras: { kind: 'none' }, withOthers: true } as const;
    const rows = await Promise.all(handedOut.map(({ streamId }) => this.streams.find(scope, streamId)));
    return {
      streams: rows.flatMap((row) => {
        if (!row?.encryptedReference) return [];
        const view = streamView(row, this.secretBox, { forManager: true, lastPictureUnixMs: undefined });
        const { account_id, analytics, data, location, name, stream_id, version } = view;
        const reference = this.secretBox.open(row.encryptedReference, streamReferencePurpose(row.id));
        return [{ stream_id, account_id, name, version, data: { ...data, reference }, location, analytics }];
      }),
    };
  }

  @Post(':agentId/feedback')
  @HttpCode(200)
  @Policy(work)
  async tell(@Param('agentId') agentId: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    const { feedback } = parseLuna(Feedback, body);
    const agent = await this.find(agentId, request);
    await this.agents.noteSeen(agent.id);
    const streams = [];
    for (const { error, status, stream_id, version } of feedback) {
      const told = { streamId: stream_id, version, status, error: error ?? null };
      const goesOn = await this.feedback.take(told, { agentId: agent.id, leaseMs: feedbackLeaseMs });
      streams.push({ stream_id, action: goesOn ? 'continue' : 'stop' });
    }
    return { streams };
  }

  private find(agentId: string, request: FastifyRequest) {
    if (!AgentId.safeParse(agentId).success) throw managerError('agentNotFound', `Agent ${agentId.slice(0, 64)}`);
    return this.agents.find(requireAccount(request), agentId);
  }
}
