import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasStore } from '../cameras/cameras.store.js';
import { parseInput } from '../http/parse-input.js';
import { manageScopes } from '../roles/permissions.js';
import { messageStates, MessagesStore, type MessageScope } from './messages.store.js';
import { RuleSender } from './rule-sender.js';
import { requireRuleId } from './rules.controller.js';
import { RulesService } from './rules.service.js';

const messageId = /^msg_[0-9a-f-]{36}$/;
export const ListQuery = z.object({
  state: z.enum(messageStates).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** The last id of the page before. */
  before: z.string().regex(messageId).optional(),
});

/** The delivery log of a rule: what became of its messages, and asking for one again. */
@Controller('api/v1/rules/:ruleId/deliveries')
export class MessagesController {
  constructor(
    private readonly rules: RulesService,
    private readonly messages: MessagesStore,
    private readonly sender: RuleSender,
    private readonly cameraRows: CamerasStore,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async list(@Param('ruleId') ruleId: string, @Query() query: unknown, @Req() request: FastifyRequest) {
    const { before, limit, state } = parseInput(ListQuery, query, 'query');
    const scope = await this.scopeOf(request, ruleId);
    const rows = await this.messages.list({ scope, state, beforeId: before, limit: limit + 1 });
    const page = rows.slice(0, limit);
    return { deliveries: page.map(messageView), next_before: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
  }

  @Get(':deliveryId')
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async read(@Param('ruleId') ruleId: string, @Param('deliveryId') deliveryId: string, @Req() request: FastifyRequest) {
    const scope = await this.scopeOf(request, ruleId);
    const row = messageId.test(deliveryId) ? await this.messages.find(deliveryId, scope) : null;
    if (!row) throw noSuchDelivery();
    return { ...messageView(row), attempts: row.attempts.map(attemptView) };
  }

  @Post(':deliveryId/redeliver')
  @HttpCode(202)
  @Policy({ kind: 'authenticated', scope: manageScopes.manageRules })
  async redeliver(@Param('ruleId') ruleId: string, @Param('deliveryId') deliveryId: string, @Req() request: FastifyRequest) {
    const scope = await this.scopeOf(request, ruleId);
    if (!messageId.test(deliveryId) || !(await this.messages.askAgain(deliveryId, scope))) throw noSuchDelivery();
    this.sender.nudge();
    return { id: deliveryId };
  }

  /** A rule outlives the right to see a camera; what it told of that camera is then hidden. @throws AppError `not_found` */
  private async scopeOf(request: FastifyRequest, ruleId: string): Promise<MessageScope> {
    const principal = requirePrincipal(request);
    const { id } = await this.rules.find(principal, requireRuleId(ruleId));
    const scope = cameraScopeOf(principal);
    return { ruleId: id, cameraIds: scope.kind === 'all' ? undefined : await this.cameraRows.listIds(scope) };
  }
}

const noSuchDelivery = () => new AppError('not_found', 'Delivery not found');

type Message = Awaited<ReturnType<MessagesStore['list']>>[number];
type Attempt = NonNullable<Awaited<ReturnType<MessagesStore['find']>>>['attempts'][number];

function messageView({
  attempt,
  cameraId,
  createdAt,
  endedAt,
  eventId,
  id,
  lastError,
  moment,
  origin,
  redeliverAt,
  ruleId,
  runAfter,
  state,
}: Message) {
  const waitsUntil = redeliverAt ?? (state === 'pending' ? runAfter : null);
  return {
    id,
    rule_id: ruleId,
    event_id: Number(eventId),
    camera_id: cameraId,
    moment,
    state,
    receiver: origin,
    attempts_made: attempt,
    next_attempt_at: waitsUntil?.toISOString() ?? null,
    last_error: lastError,
    created_at: createdAt.toISOString(),
    ended_at: endedAt?.toISOString() ?? null,
  };
}

function attemptView({ answer, at, attempt, durationMs, error, manual, status }: Attempt) {
  return { attempt, at: at.toISOString(), duration_ms: durationMs, status, error, answer, manual };
}
